// What is on its way, what went back, what is held.
import { Button, Chip, CommitLine, Empty, ErrorNote, Revision, Skeleton, Until, type Tone } from "../parts/basic";
import { Icon, type IconName } from "../parts/icon";
import { askReason } from "../parts/plan-host";
import { appPath, change } from "../lib/api";
import { short, took } from "../lib/format";
import { useFetch, useTopic } from "../lib/live";
import { appHref, param, setParams } from "../lib/router";
import { t } from "../strings";
import type { Rollout, Stage } from "../wire";

const phaseLook: Record<Rollout["phase"], [IconName, Tone]> = {
  rolling: ["progressing", "run"],
  gate: ["progressing", "run"],
  failed: ["degraded", "bad"],
  rolledBack: ["undo", "bad"],
  held: ["lock", "hold"],
  done: ["healthy", "ok"],
};
const stageLook: Record<Stage["state"], [IconName, Tone]> = {
  ok: ["healthy", "ok"],
  run: ["progressing", "run"],
  bad: ["degraded", "bad"],
  wait: ["missing", "mute"],
};
const order: Rollout["phase"][] = ["failed", "rolledBack", "held", "gate", "rolling", "done"];

export default function Rollouts() {
  useTopic("audit");
  const f = useFetch<Rollout[]>("rollouts", {}, { rows: true, audit: true }, 1000);
  const only = param("phase");
  if (!f.data) return <div class="page"><h1 class="sr">{t.nav.rollouts}</h1>{f.error ? <ErrorNote error={f.error} retry={f.reload} /> : <Skeleton rows={6} height={96} />}</div>;
  const present = order.filter((p) => f.data?.some((r) => r.phase === p));
  const list = [...f.data]
    .filter((r) => !only || r.phase === only)
    .sort((a, b) => order.indexOf(a.phase) - order.indexOf(b.phase) || (a.app.name < b.app.name ? -1 : 1));
  return (
    <div class="page">
      <header class="page-head">
        <h1>{t.nav.rollouts}</h1>
        <div class="tab-tools" role="group" aria-label={t.rollouts.phases}>
          {present.map((p) => (
            <button key={p} type="button" class={`toggle${only === p ? " on" : ""}`} aria-pressed={only === p} onClick={() => setParams({ phase: only === p ? "" : p })}>
              {t.rollouts.phase[p]} <span class="num faint">{f.data?.filter((r) => r.phase === p).length}</span>
            </button>
          ))}
        </div>
      </header>
      {!list.length && (
        <Empty icon="rollouts" title={t.rollouts.none}>
          {t.rollouts.noneText}
        </Empty>
      )}
      <ul class="rollouts">
        {list.map((r) => (
          <One key={`${r.app.ns}/${r.app.name}/${r.revision.id}`} r={r} />
        ))}
      </ul>
    </div>
  );
}

function One({ r }: { r: Rollout }) {
  const [icon, tone] = phaseLook[r.phase];
  const held = r.phase === "held" || r.phase === "rolledBack";
  return (
    <li class="rollout">
      <header class="line wrap">
        <span class={`tone-${tone} glyph`}>
          <Icon name={icon} cls={icon === "progressing" ? "spin" : ""} />
        </span>
        <a class="strong rollout-app" href={appHref(r.app)}>
          {r.app.name}
        </a>
        <span class="faint">
          {r.project} · {r.cluster}
        </span>
        <Chip tone={tone}>{t.rollouts.phase[r.phase]}</Chip>
        {r.until && (
          <span class="muted">
            <Until at={r.until} />
          </span>
        )}
        <span class="grow" />
        {r.previous && (
          <a class="btn btn-plain btn-s" href={`${appHref(r.app, "diff")}?from=${r.previous.id}&to=${r.revision.id}`}>
            <Icon name="diff" size={14} />
            <span>{t.rollouts.compare}</span>
          </a>
        )}
        {held && (
          <Button
            small
            icon="key"
            no={r.can.rollback ? undefined : t.no.rollback}
            onClick={() =>
              askReason({
                title: t.unhold.title(short(r.revision.id)),
                text: t.unhold.text(r.why),
                confirm: t.act.unhold,
                run: async (reason) => {
                  await change("DELETE", appPath(r.app.name, "hold"), { appNamespace: r.app.ns, revision: r.revision.id, reason });
                  return t.unhold.done(short(r.revision.id));
                },
              })
            }
          >
            {t.act.unhold}
          </Button>
        )}
      </header>
      <div class="rollout-commits">
        <CommitLine commit={r.revision} />
        {r.previous && (
          <span class="faint line nowrap">
            {r.phase === "rolledBack" || r.phase === "held" ? t.rollouts.backTo : t.rollouts.from} <Revision commit={r.previous} />
          </span>
        )}
      </div>
      {r.stages.length > 0 && (
        <ol class="stages">
          {r.stages.map((s) => {
            const [si, st] = stageLook[s.state];
            return (
              <li key={s.name} class={`stage tone-${st}`} title={s.detail}>
                <Icon name={si} size={14} cls={s.state === "run" ? "spin" : ""} />
                <span class="stage-name">{s.name}</span>
                <span class="sr">{t.rollouts.state[s.state]}</span>
                {!!s.tookMs && <span class="num faint">{took(s.tookMs)}</span>}
                {s.detail && <span class="stage-detail muted trunc">{s.detail}</span>}
              </li>
            );
          })}
        </ol>
      )}
      {r.why && <p class="rollout-why">{r.why}</p>}
    </li>
  );
}
