// How an application is set up, in the words of its resource.
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Actor, Button, Chip, Revision, Since, Skeleton } from "../../parts/basic";
import { repoName } from "../../lib/format";
import { param, setParams } from "../../lib/router";
import { t } from "../../strings";
import type { TabProps } from "../app";
import { actions } from "./actions";

const yes = (on: boolean): string => (on ? t.on : t.off);

/** The form's code comes when it is asked for. */
function Editor(p: TabProps) {
  const [Form, set] = useState<ComponentType<TabProps> | null>(null);
  useEffect(() => void import("./edit").then((m) => set(() => m.default)), []);
  return Form ? <Form {...p} /> : <Skeleton rows={10} />;
}

export default function SettingsTab({ app, o }: TabProps) {
  const act = actions(app, o);
  if (param("edit")) return <Editor app={app} o={o} />;
  return (
    <div class="narrow stack-lg">
      <section class="panel">
        <header class="line">
          <h2 class="grow">{t.setup.sources}</h2>
          <Button small icon="settings" no={o.can.update ? undefined : t.no.update} onClick={() => setParams({ edit: "1" }, true)}>
            {t.setup.edit}
          </Button>
        </header>
        {o.sources.map((s, i) => (
          <dl key={i} class="facts">
            <dt>{t.setup.repo}</dt>
            <dd class="mono break">{repoName(s.repo)}</dd>
            {s.path && (
              <>
                <dt>{t.setup.path}</dt>
                <dd class="mono">{s.path}</dd>
              </>
            )}
            {s.chart && (
              <>
                <dt>{t.setup.chart}</dt>
                <dd class="mono">{s.chart}</dd>
              </>
            )}
            <dt>{t.setup.target}</dt>
            <dd class="mono">{s.targetRevision || "HEAD"}</dd>
            <dt>{t.setup.resolved}</dt>
            <dd class="mono break">{s.revision || "–"}</dd>
          </dl>
        ))}
      </section>
      <section class="panel">
        <h2>{t.setup.destination}</h2>
        <dl class="facts">
          <dt>{t.col.cluster}</dt>
          <dd>{o.cluster}</dd>
          <dt>{t.setup.server}</dt>
          <dd class="mono break">{o.server}</dd>
          <dt>{t.col.namespace}</dt>
          <dd>{o.destNs || "–"}</dd>
          <dt>{t.col.project}</dt>
          <dd>{o.project}</dd>
        </dl>
      </section>
      <section class="panel">
        <h2>{t.setup.policy}</h2>
        <dl class="facts">
          <dt>{t.setup.auto}</dt>
          <dd>{yes(o.auto.enabled)}</dd>
          <dt>{t.setup.prune}</dt>
          <dd>{yes(o.auto.prune)}</dd>
          <dt>{t.setup.heal}</dt>
          <dd>{yes(o.auto.selfHeal)}</dd>
          <dt>{t.setup.windows}</dt>
          <dd>
            {o.windows.length
              ? o.windows.map((w) => (
                  <p key={w.text}>
                    {w.text} {w.active && <Chip tone="warn">{t.setup.active}</Chip>}
                  </p>
                ))
              : t.setup.noWindows}
          </dd>
        </dl>
      </section>
      {o.holds.length > 0 && (
        <section class="panel">
          <h2>{t.setup.holds}</h2>
          <ul class="stack">
            {o.holds.map((h) => (
              <li key={h.revision} class="line wrap">
                <Revision id={h.revision} />
                <Actor who={h.by} />
                <span class="faint">
                  <Since at={h.at} ago />
                </span>
                <span class="muted grow">{h.reason}</span>
                <Button small no={o.can.rollback ? undefined : t.no.rollback} onClick={() => act.unhold(h)}>
                  {t.act.unhold}
                </Button>
              </li>
            ))}
          </ul>
        </section>
      )}
      <section class="panel">
        <h2>{t.setup.labels}</h2>
        {Object.keys(o.labels).length ? (
          <p class="chips wrap">
            {Object.entries(o.labels).map(([k, v]) => (
              <a key={k} href={`/apps?q=${encodeURIComponent(`${k}=${v}`)}`}>
                <Chip>
                  {k}={v}
                </Chip>
              </a>
            ))}
          </p>
        ) : (
          <p class="muted">{t.setup.noLabels}</p>
        )}
      </section>
      <section class="panel">
        <h2>{t.setup.may}</h2>
        <ul class="may">
          {(["sync", "rollback", "update", "override", "action", "logs", "delete"] as const).map((k) => (
            <li key={k} class={o.can[k] ? "" : "faint"}>
              <span aria-hidden="true">{o.can[k] ? "✓" : "✕"}</span> {t.may[k]} <span class="sr">{yes(o.can[k])}</span>
            </li>
          ))}
        </ul>
      </section>
    </div>
  );
}
