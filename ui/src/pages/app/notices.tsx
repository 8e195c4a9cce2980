// What is to be said above everything: hold, pause, gate, operation, stale.
import { Actor, Button, Note, Revision, Since, Until } from "../../parts/basic";
import { t } from "../../strings";
import type { Hold, Overview } from "../../wire";
import type { Actions } from "./actions";

/** The holds that matter now: what would be deployed is held. Others are about revisions that nobody wants any more. */
export function activeHolds(o: Overview): Hold[] {
  return o.holds.filter((h) => h.revision === o.wants?.id || (h.backTo ? h.backTo === o.revision?.id : h.revision === o.revision?.id));
}

/** Conditions whose matter has a notice of its own. */
const told: Record<string, (o: Overview) => boolean> = {
  RevisionHeld: (o) => o.holds.length > 0,
  AutomationPaused: (o) => o.paused !== undefined,
  Paused: (o) => o.paused !== undefined,
};

export function Notices({ o, act }: { o: Overview; act: Actions }) {
  return (
    <>
      {o.stale && (
        <Note tone="bad" icon="alert">
          <p>
            {t.app.stale} <Since at={o.stale.since} ago />: {o.stale.why}
          </p>
        </Note>
      )}
      {o.operation && !o.operation.finishedAt && (
        <Note tone="run" icon="sync">
          <div class="line wrap">
            <span>
              {t.app.operation(o.operation.done, o.operation.total)} <Revision id={o.operation.revision} />{" "}
              {o.operation.wave !== undefined && <span class="muted">{t.app.wave(o.operation.wave)}</span>}
            </span>
            <span class="muted">{o.operation.waitingFor || o.operation.message}</span>
            <span class="grow" />
            <Button small no={o.can.sync ? undefined : t.no.sync} onClick={act.terminate}>
              {t.app.terminate}
            </Button>
          </div>
          <progress class="bar" value={o.operation.done} max={Math.max(1, o.operation.total)} aria-label={t.app.progress} />
        </Note>
      )}
      {o.gate && (
        <Note tone="run" icon="progressing">
          <p>
            {t.app.gate} <Until at={o.gate.until} />. <span class="muted">{o.gate.message}</span>
          </p>
        </Note>
      )}
      {activeHolds(o).map((h) => (
        <Note key={h.revision} tone="hold" icon="lock">
          <div class="line wrap">
            <span>
              <Revision id={h.revision} /> {t.app.heldBy} <Actor who={h.by} /> <Since at={h.at} ago />
              {h.until && (
                <>
                  , <Until at={h.until} />
                </>
              )}
            </span>
            <span class="muted grow">{o.state.cause.includes(h.reason) ? "" : h.reason}</span>
            <Button small no={o.can.rollback ? undefined : t.no.rollback} onClick={() => act.unhold(h)}>
              {t.act.unhold}
            </Button>
          </div>
        </Note>
      ))}
      {o.paused && (
        <Note tone="hold" icon="pause">
          <div class="line wrap">
            <span>
              {t.app.pausedBy} <Actor who={o.paused.by} />
              {o.paused.until && (
                <>
                  , <Until at={o.paused.until} />
                </>
              )}
            </span>
            <span class="muted grow">{o.paused.reason}</span>
            <Button small no={o.can.update ? undefined : t.no.update} onClick={act.resume}>
              {t.act.resume}
            </Button>
          </div>
        </Note>
      )}
      {o.conditions
        .filter((c) => !(told[c.type]?.(o) ?? false))
        .map((c) => (
        <Note key={c.type + c.message} tone={/Error|Invalid/.test(c.type) ? "bad" : "warn"} icon="alert">
          <div class="line wrap">
            <p class="grow">
              <span class="strong">{c.type}</span> {c.message}
            </p>
            {c.type === "ApprovalRequired" && (
              <Button small no={o.can.sync ? undefined : t.no.sync} onClick={act.approve}>
                {t.act.approve}
              </Button>
            )}
          </div>
        </Note>
      ))}
    </>
  );
}
