// What a sync would do, before it does it. The friction grows with what could be lost.
import { useEffect, useState } from "preact/hooks";
import { appPath, change, Failure, get } from "../lib/api";
import { count } from "../lib/format";
import { t } from "../strings";
import type { AppName, Plan, Ref } from "../wire";
import { Button, Chip, CommitLine, ErrorNote, Note, Skeleton } from "./basic";
import { refId } from "./diff";
import { Dialog } from "./dialog";
import { PlanParts, refText, type Picks } from "./planparts";
import { planAsked, reasonAsked, type PlanRequest, type ReasonRequest } from "./plan-host";
import { toast } from "./toast";

type Got = { app: AppName; plan?: Plan; error?: Failure };
/** So many plans are asked for at a time. */
const atOnce = 4;
/** A sync of more applications than this has to be typed. */
const manyApps = 20;

export function Dialogs() {
  return (
    <>
      {planAsked.value && <PlanDialog request={planAsked.value} onClose={() => (planAsked.value = null)} />}
      {reasonAsked.value && <ReasonDialog request={reasonAsked.value} onClose={() => (reasonAsked.value = null)} />}
    </>
  );
}

function PlanDialog({ request, onClose }: { request: PlanRequest; onClose: () => void }) {
  const [got, setGot] = useState<Got[]>([]);
  const [prune, setPrune] = useState(request.prune ?? false);
  const [dryRun, setDryRun] = useState(false);
  const [override, setOverride] = useState(false);
  const [reason, setReason] = useState("");
  const [typed, setTyped] = useState("");
  const [busy, setBusy] = useState(false);
  /** Objects of the plan that are left out. */
  const [skipped, setSkipped] = useState<ReadonlySet<string>>(new Set());
  const many = request.apps.length > 1;

  useEffect(() => {
    const abort = new AbortController();
    setGot([]);
    const queue = [...request.apps];
    const work = async () => {
      for (let app = queue.shift(); app && !abort.signal.aborted; app = queue.shift()) {
        const one = app;
        const result: Got = await get<Plan>(
          appPath(one.name, "plan"),
          { appNamespace: one.ns, revision: request.revision, prune, resources: request.resources },
          abort.signal,
        ).then(
          (plan) => ({ app: one, plan }),
          (e: unknown) => ({ app: one, error: e instanceof Failure ? e : new Failure(String(e), 13, 0) }),
        );
        if (!abort.signal.aborted) setGot((g) => [...g, result]);
      }
    };
    for (let i = 0; i < atOnce; i++) void work();
    return () => abort.abort();
  }, [request, prune]);

  const ready = got.length === request.apps.length;
  const plans = got.flatMap((g) => (g.plan ? [{ app: g.app, plan: g.plan }] : []));
  const blocked = plans.filter((p) => p.plan.blocked);
  const failed = got.filter((g) => g.error);
  const sum = (f: (p: Plan) => number): number => plans.reduce((a, p) => a + f(p.plan), 0);
  const kept = (r: Ref): boolean => !skipped.has(refId(r));
  const deletes = sum((p) => p.delete.filter(kept).length);
  const creates = sum((p) => p.create.filter(kept).length);
  const changes = sum((p) => p.change.filter((c) => kept(c.ref)).length);
  const nothing = ready && !failed.length && creates + changes + deletes === 0;
  const mustType = !dryRun && (plans.some((p) => p.plan.friction === "type") || request.apps.length > manyApps);
  const careful = mustType || plans.some((p) => p.plan.friction === "confirm") || deletes > 0;
  const word = many ? String(request.apps.length) : (request.apps[0]?.name ?? "");
  const needReason = override && !reason.trim();
  const runnable = plans.filter((p) => !p.plan.blocked || (override && p.plan.blocked.overridable));
  const overridable = blocked.some((p) => p.plan.blocked?.overridable);

  const one = !many ? plans[0]?.plan : undefined;
  const everything = one ? [...one.create, ...one.change.map((c) => c.ref), ...one.delete] : [];
  const picked = skipped.size ? everything.filter(kept).map(refId) : [];
  const chosen = skipped.size ? picked : request.resources;
  const picks: Picks | undefined =
    one && everything.length > 1
      ? {
          skipped,
          toggle: (id) => {
            const next = new Set(skipped);
            if (!next.delete(id)) next.add(id);
            setSkipped(next);
          },
        }
      : undefined;

  const no = !ready
    ? t.plan.waiting
    : !runnable.length
      ? (blocked[0]?.plan.blocked?.why ?? failed[0]?.error?.message ?? t.plan.nothing)
      : skipped.size && !picked.length
      ? t.plan.pickSome
      : mustType && typed.trim() !== word
        ? t.plan.typeFirst(word)
        : needReason
          ? t.plan.reasonFirst
          : undefined;

  const run = async () => {
    setBusy(true);
    const results = await Promise.allSettled(
      runnable.map(({ app, plan }) =>
        change("POST", appPath(app.name, "sync"), { appNamespace: app.ns }, {
          name: app.name,
          appNamespace: app.ns,
          // Only what was chosen: under automatic sync no other revision than the wanted one is allowed.
          revision: request.revision ?? "",
          prune,
          dryRun,
          resources: chosen?.map((r) => {
            const [group, kind, namespace, name] = r.split("/");
            return { group, kind, namespace, name };
          }),
          windlass: { reason: reason.trim() || undefined, overrideWindow: override || undefined, planDigest: plan.digest },
        }),
      ),
    );
    setBusy(false);
    const bad = results.filter((r) => r.status === "rejected");
    if (bad.length) {
      const e = bad[0]?.status === "rejected" ? (bad[0].reason as Failure) : null;
      toast(many ? t.plan.someFailed(bad.length, e?.message ?? "") : (e?.message ?? ""), "bad", e?.hint ?? "");
      if (bad.length === results.length) return;
    } else toast(dryRun ? t.plan.dryStarted : t.plan.started(runnable.length, word));
    onClose();
  };

  const enter = (e: KeyboardEvent) => {
    if (e.key !== "Enter" || e.isComposing) return;
    e.preventDefault();
    if (no) toast(no, "warn");
    else if (!busy) void run();
  };

  return (
    <Dialog
      wide
      title={many ? t.plan.titleMany(request.apps.length) : t.plan.title(word)}
      onClose={onClose}
      footer={
        <>
          {ready && !nothing && (
            <span class="plan-sum num">
              <span class="tone-ok">+{count(creates)}</span> <span class="tone-run">~{count(changes)}</span>{" "}
              <span class={deletes ? "tone-bad strong" : "faint"}>−{count(deletes)}</span>
              <span class="sr">{t.plan.counts(creates, changes, deletes)}</span>
            </span>
          )}
          <Button onClick={onClose}>{t.cancel}</Button>
          <Button kind={deletes && !dryRun ? "danger" : "primary"} icon="sync" no={no} busy={busy} onClick={() => void run()}>
            {dryRun ? t.plan.dryRun : deletes ? t.plan.syncDelete(deletes) : many ? t.plan.syncMany(runnable.length) : t.plan.sync}
          </Button>
        </>
      }
    >
      {!ready && <Skeleton rows={5} height={24} />}
      {one?.revision && (
        <div class="plan-rev">
          <CommitLine commit={one.revision} />
        </div>
      )}
      {failed.map((f) => (
        <ErrorNote key={f.app.name} error={f.error as Failure} />
      ))}
      {blocked.map((b) => (
        <Note key={b.app.name} tone="bad" icon="lock">
          <p>{many ? `${b.app.name}: ${b.plan.blocked?.why ?? ""}` : b.plan.blocked?.why}</p>
        </Note>
      ))}
      {nothing && (
        <Note tone="ok" icon="check">
          <p>{t.plan.nothing}</p>
        </Note>
      )}
      {one && (
        <PlanParts plan={one} {...(picks ? { picks } : {})} />
      )}
      {many && ready && (
        <table class="table plan-table">
          <thead>
            <tr>
              <th scope="col">{t.col.name}</th>
              <th scope="col" class="end">
                {t.plan.create}
              </th>
              <th scope="col" class="end">
                {t.plan.change}
              </th>
              <th scope="col" class="end">
                {t.plan.delete}
              </th>
            </tr>
          </thead>
          <tbody>
            {plans.map(({ app, plan }) => (
              <tr key={`${app.ns}/${app.name}`}>
                <td>
                  {app.name} {plan.blocked && <Chip tone="bad" icon="lock">{t.plan.blocked}</Chip>}
                </td>
                <td class="end num">{plan.create.length || "–"}</td>
                <td class="end num">{plan.change.length || "–"}</td>
                <td class={`end num${plan.delete.length ? " tone-bad strong" : ""}`} title={plan.delete.map(refText).join("\n")}>
                  {plan.delete.length || "–"}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {chosen && chosen.length > 0 && (
        <Note>
          <p>{t.plan.partial(chosen.length)}</p>
        </Note>
      )}
      {plans.flatMap((p) =>
        p.plan.warnings.map((w) => (
          <Note key={p.app.name + w} tone="warn" icon="alert">
            <p>{many ? `${p.app.name}: ${w}` : w}</p>
          </Note>
        )),
      )}
      <div class="plan-options">
        <label class="check">
          <input type="checkbox" checked={prune} onChange={(e) => setPrune(e.currentTarget.checked)} />
          <span>
            {t.plan.prune} <span class="faint">{t.plan.pruneHint}</span>
          </span>
        </label>
        <label class="check">
          <input type="checkbox" checked={dryRun} onChange={(e) => setDryRun(e.currentTarget.checked)} />
          <span>
            {t.plan.dry} <span class="faint">{t.plan.dryHint}</span>
          </span>
        </label>
        {overridable && (
          <label class="check">
            <input type="checkbox" checked={override} onChange={(e) => setOverride(e.currentTarget.checked)} />
            <span>
              {t.plan.override} <span class="faint">{t.plan.overrideHint}</span>
            </span>
          </label>
        )}
      </div>
      {(careful || override) && (
        <label class="field">
          <span>{override ? t.plan.reasonMust : t.plan.reason}</span>
          <input type="text" value={reason} onInput={(e) => setReason(e.currentTarget.value)} onKeyDown={enter} placeholder={t.plan.reasonHint} />
        </label>
      )}
      {mustType && (
        <label class="field field-danger">
          <span>
            {t.plan.type} <strong class="mono">{word}</strong>
          </span>
          <input type="text" class="mono" value={typed} onInput={(e) => setTyped(e.currentTarget.value)} onKeyDown={enter} autocomplete="off" spellcheck={false} />
        </label>
      )}
    </Dialog>
  );
}

const spans: [string, number][] = [
  ["1h", 3600_000],
  ["4h", 4 * 3600_000],
  ["1d", 86400_000],
  ["7d", 7 * 86400_000],
];

function ReasonDialog({ request: r, onClose }: { request: ReasonRequest; onClose: () => void }) {
  const [reason, setReason] = useState("");
  const [value, setValue] = useState("");
  const [span, setSpan] = useState("");
  const [typed, setTyped] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<Failure | null>(null);
  const no = r.parameter && !(r.parameter === "replicas" ? /^\d+$/.test(value) : value.trim()) ? t.plan.valueFirst(r.parameter) : !reason.trim() ? t.plan.reasonFirst : r.type && typed.trim() !== r.type ? t.plan.typeFirst(r.type) : undefined;
  const run = async () => {
    if (no) return;
    setBusy(true);
    try {
      const ms = spans.find(([w]) => w === span)?.[1];
      toast(await r.run(reason.trim(), ms ? new Date(Date.now() + ms).toISOString() : undefined, value));
      onClose();
    } catch (e) {
      setError(e instanceof Failure ? e : new Failure(String(e), 13, 0));
      setBusy(false);
    }
  };
  return (
    <Dialog
      title={r.title}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t.cancel}</Button>
          <Button kind={r.danger ? "danger" : "primary"} no={no} busy={busy} onClick={() => void run()}>
            {r.confirm}
          </Button>
        </>
      }
    >
      <form
        class="stack"
        onSubmit={(e) => {
          e.preventDefault();
          void run();
        }}
      >
        <p class="muted">{r.text}</p>
        {error && <ErrorNote error={error} />}
        {r.parameter && (
          <label class="field">
            <span>{r.parameter}</span>
            <input type="text" inputMode="numeric" value={value} onInput={(e) => setValue(e.currentTarget.value)} />
          </label>
        )}
        <label class="field">
          <span>{t.plan.reasonMust}</span>
          <input type="text" value={reason} onInput={(e) => setReason(e.currentTarget.value)} placeholder={t.plan.reasonHint} />
        </label>
        {r.until && (
          <fieldset class="field">
            <legend>{t.plan.until}</legend>
            <div class="segmented">
              {["", ...spans.map(([w]) => w)].map((w) => (
                <label key={w} class={span === w ? "on" : ""}>
                  <input type="radio" class="sr" name="until" checked={span === w} onChange={() => setSpan(w)} />
                  {w || t.plan.forever}
                </label>
              ))}
            </div>
          </fieldset>
        )}
        {r.type && (
          <label class="field field-danger">
            <span>
              {t.plan.type} <strong class="mono">{r.type}</strong>
            </span>
            <input type="text" class="mono" value={typed} onInput={(e) => setTyped(e.currentTarget.value)} autocomplete="off" />
          </label>
        )}
        <button type="submit" class="hidden" tabIndex={-1} aria-hidden="true" />
      </form>
    </Dialog>
  );
}
