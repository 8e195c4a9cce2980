// What can be done to an application, each with what it asks for first.
import { askReason, openPlan } from "../../parts/plan-host";
import { toast } from "../../parts/toast";
import { appPath, change, Failure } from "../../lib/api";
import { short } from "../../lib/format";
import { appHref, go } from "../../lib/router";
import { t } from "../../strings";
import type { Hold, Overview } from "../../wire";

export type Actions = {
  sync(): void;
  refresh(hard: boolean): void;
  rollback(): void;
  hold(): void;
  unhold(h: Hold): void;
  pause(): void;
  resume(): void;
  terminate(): void;
  approve(): void;
  remove(): void;
};

function tell(run: Promise<unknown>, done: string): void {
  run.then(
    () => toast(done),
    (e: unknown) => toast(e instanceof Error ? e.message : String(e), "bad", e instanceof Failure ? e.hint : ""),
  );
}

export function actions(app: { ns: string; name: string }, o: Overview | undefined): Actions {
  const at = { appNamespace: app.ns };
  return {
    sync: () => openPlan({ apps: [app] }),
    refresh: (hard) => tell(change("POST", appPath(app.name, "refresh"), at, { hard }), hard ? t.app.refreshedHard : t.app.refreshed),
    rollback: () => go(appHref(app, "history")),
    hold: () => {
      const revision = o?.revision?.id ?? "";
      askReason({
        title: t.hold.title(short(revision)),
        text: t.hold.text,
        confirm: t.act.hold,
        until: true,
        run: async (reason, until) => {
          await change("POST", appPath(app.name, "hold"), at, { revision, reason, until });
          return t.hold.done(short(revision));
        },
      });
    },
    unhold: (h) =>
      askReason({
        title: t.unhold.title(short(h.revision)),
        text: t.unhold.text(h.reason),
        confirm: t.act.unhold,
        run: async (reason) => {
          await change("DELETE", appPath(app.name, "hold"), { ...at, revision: h.revision, reason });
          return t.unhold.done(short(h.revision));
        },
      }),
    pause: () =>
      askReason({
        title: t.pause.title(app.name),
        text: t.pause.text,
        confirm: t.act.pause,
        until: true,
        run: async (reason, until) => {
          await change("POST", appPath(app.name, "pause"), at, { reason, until });
          return t.pause.done;
        },
      }),
    resume: () => tell(change("POST", appPath(app.name, "resume"), at, {}), t.pause.resumed),
    terminate: () => tell(change("DELETE", appPath(app.name, "operation"), at), t.app.terminated),
    approve: () =>
      askReason({
        title: t.approve.title(app.name),
        text: t.approve.text,
        confirm: t.act.approve,
        danger: true,
        type: app.name,
        run: async (reason) => {
          await change("POST", appPath(app.name, "approve"), at, { reason });
          return t.approve.done;
        },
      }),
    remove: () =>
      askReason({
        title: t.remove.title(app.name),
        text: t.remove.text(o?.counts.resources ?? 0),
        confirm: t.act.remove,
        danger: true,
        type: app.name,
        run: async (reason) => {
          await change("DELETE", appPath(app.name), { ...at, cascade: true, reason });
          go("/apps");
          return t.remove.done(app.name);
        },
      }),
  };
}
