// Every attempt, also failed ones; any two compared; any good one taken back.
import { useState } from "preact/hooks";
import { Actor, Button, Chip, CommitLine, Empty, ErrorNote, Since, Skeleton, Status } from "../../parts/basic";
import { askReason } from "../../parts/plan-host";
import { appPath, change } from "../../lib/api";
import { short, took } from "../../lib/format";
import { useFetch } from "../../lib/live";
import { appHref, go } from "../../lib/router";
import { t } from "../../strings";
import type { Attempt } from "../../wire";
import type { TabProps } from "../app";

export default function HistoryTab({ app, o }: TabProps) {
  const at = { appNamespace: app.ns };
  const f = useFetch<Attempt[]>(appPath(app.name, "attempts"), at, { app });
  const [picked, setPicked] = useState<readonly string[]>([]);
  if (!f.data) return f.error ? <ErrorNote error={f.error} retry={f.reload} /> : <Skeleton rows={8} height={56} />;
  if (!f.data.length) return <Empty icon="history" title={t.history.none} />;

  const pick = (id: string) => setPicked(picked.includes(id) ? picked.filter((x) => x !== id) : [...picked.slice(-1), id]);
  const compare = () => {
    const [a, b] = picked.map((id) => f.data?.find((x) => String(x.id) === id)).sort((x, y) => ((x?.startedAt ?? "") < (y?.startedAt ?? "") ? -1 : 1));
    if (a && b) go(`${appHref(app, "diff")}?from=${a.revision.id}&to=${b.revision.id}`);
  };
  const rollBack = (a: Attempt) =>
    askReason({
      title: t.rollback.title(short(a.revision.id)),
      text: o.auto.enabled ? t.rollback.textAuto(short(o.revision?.id ?? "")) : t.rollback.text,
      confirm: t.act.rollback,
      danger: true,
      run: async (reason) => {
        await change("POST", appPath(app.name, "rollback"), at, { id: a.id, name: app.name, appNamespace: app.ns, windlass: { reason } });
        return t.rollback.done(short(a.revision.id));
      },
    });

  return (
    <div class="history">
      <div class="tab-tools">
        <Button icon="diff" no={picked.length === 2 ? undefined : t.history.pickTwo} onClick={compare}>
          {t.history.compare}
        </Button>
        <span class="faint">{t.history.hint}</span>
      </div>
      <ol class="attempts">
        {f.data.map((a) => {
          const id = String(a.id);
          const ms = a.finishedAt ? Date.parse(a.finishedAt) - Date.parse(a.startedAt) : 0;
          const no = !o.can.rollback ? t.no.rollback : a.isCurrent ? t.history.isCurrent : a.canRollBack ? undefined : t.history.cannot;
          return (
            <li key={id} class={`attempt${a.isCurrent ? " current" : ""}`}>
              <label class="attempt-pick">
                <input type="checkbox" checked={picked.includes(id)} onChange={() => pick(id)} />
                <span class="sr">{t.history.pick(id)}</span>
              </label>
              <span class="num faint attempt-id">#{id}</span>
              <div class="attempt-what">
                <CommitLine commit={a.revision} />
                <p class="muted attempt-more">
                  <Actor who={a.by} via />
                  {a.automated && <Chip icon="sync">{t.app.auto}</Chip>}
                  {a.reason && <span>“{a.reason}”</span>}
                  {a.message && <span class={a.phase === "Succeeded" && !a.held ? "" : "tone-bad"}>{a.message}</span>}
                </p>
              </div>
              <div class="attempt-end">
                <span class="line">
                  {a.isCurrent && <Chip tone="ok">{t.history.current}</Chip>}
                  <Status kind="phase" word={a.held ? "Held" : a.phase} />
                </span>
                <span class="faint num">
                  <Since at={a.startedAt} ago />
                  {ms > 0 && ` · ${took(ms)}`}
                  {a.resources > 0 && ` · ${t.history.resources(a.resources)}`}
                </span>
              </div>
              <Button small icon="undo" no={no} onClick={() => rollBack(a)}>
                {t.act.rollback}
              </Button>
            </li>
          );
        })}
      </ol>
    </div>
  );
}
