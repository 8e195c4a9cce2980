// What Kubernetes says about an application's objects.
import { Chip, Empty, ErrorNote, Since, Skeleton } from "../../parts/basic";
import { appPath } from "../../lib/api";
import { useFetch } from "../../lib/live";
import { param, setParams } from "../../lib/router";
import { t } from "../../strings";
import type { ArgoEvent } from "../../wire";
import type { TabProps } from "../app";

const at = (e: ArgoEvent): string => e.lastTimestamp ?? e.eventTime ?? e.firstTimestamp ?? e.metadata?.creationTimestamp ?? "";

export default function EventsTab({ app }: TabProps) {
  const f = useFetch<{ items?: ArgoEvent[] | null }>(appPath(app.name, "events"), { appNamespace: app.ns }, { app }, 2000);
  const q = param("q").toLowerCase();
  if (!f.data) return f.error ? <ErrorNote error={f.error} retry={f.reload} /> : <Skeleton rows={8} />;
  const all = [...(f.data.items ?? [])].sort((a, b) => (at(a) < at(b) ? 1 : -1));
  const list = all.filter((e) => !q || `${e.reason} ${e.message} ${e.involvedObject?.kind} ${e.involvedObject?.name}`.toLowerCase().includes(q));
  return (
    <div>
      <div class="tab-tools">
        <input
          class="input"
          type="search"
          data-query
          aria-label={t.events.filter}
          placeholder={t.events.filter}
          value={param("q")}
          onInput={(e) => setParams({ q: e.currentTarget.value })}
        />
        <span class="faint num">{t.events.count(list.length)}</span>
      </div>
      {list.length ? (
        <div class="scroll-x">
          <table class="table">
            <thead>
              <tr>
                <th scope="col">{t.col.when}</th>
                <th scope="col">{t.col.reason}</th>
                <th scope="col">{t.col.object}</th>
                <th scope="col">{t.col.message}</th>
                <th scope="col" class="end">
                  {t.col.count}
                </th>
              </tr>
            </thead>
            <tbody>
              {list.map((e, i) => (
                <tr key={e.metadata?.uid ?? i}>
                  <td class="muted nowrap">
                    <Since at={at(e)} ago />
                  </td>
                  <td>{e.type === "Warning" ? <Chip tone="warn" icon="alert">{e.reason}</Chip> : <Chip>{e.reason}</Chip>}</td>
                  <td class="nowrap">
                    <span class="muted">{e.involvedObject?.kind}</span> {e.involvedObject?.name}
                  </td>
                  <td class="wide">{e.message}</td>
                  <td class="end num muted">{e.count ?? 1}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : (
        <Empty icon="event" title={t.events.none}>
          {t.events.noneText}
        </Empty>
      )}
    </div>
  );
}
