// The lists of a plan: what is deleted, changed, made, and in which order.
import { count } from "../lib/format";
import { t } from "../strings";
import type { Plan, Ref } from "../wire";
import { Chip } from "./basic";
import { refId } from "./diff";

const namesMax = 200;

export const refText = (r: Ref): string => `${r.kind} ${r.namespace ? `${r.namespace}/` : ""}${r.name}`;

export type Picks = { skipped: ReadonlySet<string>; toggle: (id: string) => void };

function Refs({ title, sign, tone, refs, picks }: { title: string; sign: string; tone: string; refs: { ref: Ref; note?: string }[]; picks?: Picks }) {
  if (!refs.length) return null;
  return (
    <section class={`plan-part plan-${tone}`}>
      <h3>
        <span class="sign" aria-hidden="true">
          {sign}
        </span>
        {title} <span class="num muted">{count(refs.length)}</span>
      </h3>
      <ul>
        {refs.slice(0, namesMax).map((r) => (
          <li key={refId(r.ref)}>
            {picks && (
              <input
                type="checkbox"
                aria-label={t.plan.pick(refText(r.ref))}
                checked={!picks.skipped.has(refId(r.ref))}
                onChange={() => picks.toggle(refId(r.ref))}
              />
            )}
            <span class="muted">{r.ref.kind}</span> <span class="strong">{r.ref.name}</span>{" "}
            {r.ref.namespace && <span class="faint">{r.ref.namespace}</span>} {r.note && <span class="mono muted trunc">{r.note}</span>}
          </li>
        ))}
        {refs.length > namesMax && <li class="faint">{t.moreOf(refs.length - namesMax)}</li>}
      </ul>
    </section>
  );
}

export function PlanParts({ plan, picks }: { plan: Plan; picks?: Picks }) {
  const picked = picks ? { picks } : {};
  return (
    <div class="plan-parts">
      <Refs title={t.plan.delete} sign="−" tone="bad" refs={plan.delete.map((ref) => ({ ref }))} {...picked} />
      <Refs title={t.plan.change} sign="~" tone="run" refs={plan.change.map((c) => ({ ref: c.ref, note: c.fields.slice(0, 4).join(", ") }))} {...picked} />
      <Refs title={t.plan.create} sign="+" tone="ok" refs={plan.create.map((ref) => ({ ref }))} {...picked} />
      <Refs title={t.plan.hooks} sign="↻" tone="mute" refs={plan.hooks.map((ref) => ({ ref }))} />
      <p class="muted plan-waves">
        {plan.waves.length > 1 && (
          <>
            {t.plan.waves}{" "}
            {plan.waves.map((w) => (
              <Chip key={`${w.phase}${w.wave}`}>
                {w.phase === "Sync" ? "" : `${w.phase} `}
                {w.wave}
                <span class="faint"> × {w.count}</span>
              </Chip>
            ))}
          </>
        )}{" "}
        {plan.unchanged > 0 && t.plan.unchanged(plan.unchanged)}
      </p>
    </div>
  );
}
