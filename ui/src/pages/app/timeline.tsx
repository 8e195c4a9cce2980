// Everything that happened to one application, older on demand.
import { useState } from "preact/hooks";
import { Timeline } from "../../parts/timeline";
import { Button, ErrorNote, Skeleton } from "../../parts/basic";
import { appPath, get } from "../../lib/api";
import { useFetch } from "../../lib/live";
import { param, setParams } from "../../lib/router";
import { t } from "../../strings";
import type { TimelineEvent } from "../../wire";
import type { TabProps } from "../app";

const pageSize = 100;

export default function TimelineTab({ app }: TabProps) {
  const at = { appNamespace: app.ns };
  const f = useFetch<TimelineEvent[]>(appPath(app.name, "timeline"), { ...at, limit: pageSize }, { app });
  const [older, setOlder] = useState<TimelineEvent[]>([]);
  const [end, setEnd] = useState(false);
  const kinds = param("kind").split(",").filter(Boolean);
  const all = [...(f.data ?? []), ...older];
  const present = [...new Set(all.map((e) => e.kind))];
  const shown = kinds.length ? all.filter((e) => kinds.includes(e.kind)) : all;
  const more = async () => {
    const last = all.at(-1);
    if (!last) return;
    const next = await get<TimelineEvent[]>(appPath(app.name, "timeline"), { ...at, limit: pageSize, before: last.at });
    if (next.length < pageSize) setEnd(true);
    setOlder([...older, ...next]);
  };
  if (!f.data) return f.error ? <ErrorNote error={f.error} retry={f.reload} /> : <Skeleton rows={10} />;
  return (
    <div class="narrow">
      {present.length > 1 && (
        <div class="tab-tools" role="group" aria-label={t.timeline.kinds}>
          {present.map((k) => {
            const on = kinds.includes(k);
            return (
              <button
                key={k}
                type="button"
                class={`toggle${on ? " on" : ""}`}
                aria-pressed={on}
                onClick={() => setParams({ kind: (on ? kinds.filter((x) => x !== k) : [...kinds, k]).join(",") })}
              >
                {t.event[k] ?? k}
              </button>
            );
          })}
        </div>
      )}
      <Timeline events={shown} />
      {!end && f.data.length >= pageSize && <Button onClick={() => void more()}>{t.older}</Button>}
    </div>
  );
}
