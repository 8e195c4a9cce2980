// Differences: the field's path first, whose it is, which line of Git wants it. The whole text on demand.
import { useMemo, useState } from "preact/hooks";
import { ignoreRule } from "../lib/ignore";
import { lineDiff, type Op } from "../lib/linediff";
import { firstLine, short } from "../lib/format";
import { t } from "../strings";
import type { Diff, DiffField, DiffObject, Json, Line, Ref } from "../wire";
import { Actor, Button, Chip, copyText, Empty, Since } from "./basic";
import { toast } from "./toast";
import { Icon } from "./icon";

export const refId = (r: Ref): string => `${r.group}/${r.kind}/${r.namespace}/${r.name}`;

/** A value on one line, as YAML's flow style would have it. */
export function valueText(v: Json | undefined): string {
  if (v === undefined || v === null) return "—";
  if (typeof v === "string") return v === "" ? '""' : v;
  if (typeof v !== "object") return String(v);
  return JSON.stringify(v);
}

/** A field's path, broken between its steps only where it can. */
export function Path({ path }: { path: string }) {
  return (
    <span class="mono">
      {path.split(/(?<=[^.]\.)(?=[A-Za-z])/).map((step, i) => [i ? <wbr key={`w${i}`} /> : null, step])}
    </span>
  );
}

export function GitLine({ line }: { line: Line }) {
  const title = [line.repo, line.what, line.message && firstLine(line.message)].filter(Boolean).join("\n");
  return (
    <span class="git-line" title={title}>
      <span class="mono trunc">
        {line.file}
        {line.line > 0 && `:${line.line}`}
      </span>
      {line.author && <span class="muted nowrap">{line.author}</span>}
      {line.commit && <span class="rev mono">{short(line.commit)}</span>}
      {line.date && (
        <span class="faint nowrap">
          <Since at={line.date} ago />
        </span>
      )}
    </span>
  );
}

function Field({ of, f, left, right, explain }: { of: Ref; f: DiffField; left: string; right: string; explain?: (path: string) => void }) {
  const added = f.left === null || f.left === undefined;
  const gone = f.right === null || f.right === undefined;
  return (
    <li class="diff-field" data-change tabIndex={-1}>
      <div class="diff-path">
        <Path path={f.path || "/"} />
        {f.masked && <Chip icon="lock">{t.diff.masked}</Chip>}
        <span class="grow" />
        <button type="button" class="text-button" title={t.diff.ignoreHint} onClick={() => void copyText(ignoreRule(of, f.path)).then(() => toast(t.diff.ignoreCopied))}>
          {t.diff.ignore}
        </button>
        {explain && (
          <button type="button" class="text-button" onClick={() => explain(f.pointer ?? f.path)}>
            {t.diff.explain}
          </button>
        )}
      </div>
      <div class={`diff-side del${added ? " absent" : ""}`}>
        <span class="sign" aria-hidden="true">
          −
        </span>
        <span class="sr">{t.diff.removed}</span>
        <span class="mono diff-value">{added ? t.diff.absent : valueText(f.left)}</span>
        <span class="diff-label">{left}</span>
        <span class="diff-who">
          {f.owner && (
            <>
              <Actor who={f.owner} via />
              {f.owner.at && (
                <span class="faint">
                  <Since at={f.owner.at} ago />
                </span>
              )}
            </>
          )}
        </span>
      </div>
      <div class={`diff-side add${gone ? " absent" : ""}`}>
        <span class="sign" aria-hidden="true">
          +
        </span>
        <span class="sr">{t.diff.added}</span>
        <span class="mono diff-value">{gone ? t.diff.absent : valueText(f.right)}</span>
        <span class="diff-label">{right}</span>
        <span class="diff-who">{f.line && <GitLine line={f.line} />}</span>
      </div>
    </li>
  );
}

/** Same lines around a change that stay in sight. */
const contextLines = 3;

/** The text diff folded to what differs; folds open. */
export function TextDiff({ left, right }: { left: string; right: string }) {
  const [open, setOpen] = useState<ReadonlySet<number>>(new Set());
  const blocks = useMemo(() => {
    const ops = lineDiff(left, right);
    const near = new Uint8Array(ops.length);
    ops.forEach((o, i) => {
      if (o.kind === "same") return;
      for (let k = Math.max(0, i - contextLines); k <= Math.min(ops.length - 1, i + contextLines); k++) near[k] = 1;
    });
    const out: { fold: boolean; ops: Op[] }[] = [];
    ops.forEach((o, i) => {
      const fold = !near[i];
      const last = out.at(-1);
      if (last && last.fold === fold) last.ops.push(o);
      else out.push({ fold, ops: [o] });
    });
    return out;
  }, [left, right]);
  return (
    <div class="text-diff mono" role="table" aria-label={t.diff.whole} tabIndex={0}>
      {blocks.map((b, n) =>
        b.fold && !open.has(n) && b.ops.length > 1 ? (
          <div key={n} role="row" class="text-fold">
            <span role="cell">
              <button type="button" onClick={() => setOpen(new Set([...open, n]))}>
                {t.diff.fold(b.ops.length)}
              </button>
            </span>
          </div>
        ) : (
          b.ops.map((o, i) => (
            <div key={`${n}.${i}`} role="row" class={`text-line ${o.kind}`}>
              <span role="cell" class="ln">
                {o.kind === "add" ? "" : o.left}
              </span>
              <span role="cell" class="ln">
                {o.kind === "del" ? "" : o.right}
              </span>
              <span role="cell" class="sg">
                {{ same: " ", del: "−", add: "+" }[o.kind]}
              </span>
              <span role="cell" class="tx">
                {o.text || " "}
              </span>
            </div>
          ))
        ),
      )}
    </div>
  );
}

const verdictTone = { changed: "warn", missing: "bad", extra: "hold", same: "ok" } as const;

type Doing = { explain?: (ref: Ref, path: string) => void; sync?: { no: string | undefined; run: (ref: Ref) => void } };

function ObjectDiff({ o, left, right, explain, sync }: { o: DiffObject; left: string; right: string } & Doing) {
  const [whole, setWhole] = useState(o.verdict !== "changed");
  const [rules, setRules] = useState(false);
  const text = o.leftText !== "" || o.rightText !== "";
  const distinct = new Set(o.ignored.map((x) => x.rule)).size;
  return (
    <section class="diff-object" id={`o-${refId(o.ref)}`} aria-label={`${o.ref.kind} ${o.ref.name}`}>
      <header class="diff-head">
        <span class="muted">{o.ref.kind}</span>
        <span class="strong">{o.ref.name}</span>
        {o.ref.namespace && <span class="faint">{o.ref.namespace}</span>}
        <Chip tone={verdictTone[o.verdict]}>{t.diff.verdict[o.verdict](o.fields.length)}</Chip>
        <span class="grow" />
        {o.origin?.file && <GitLine line={o.origin} />}
        {o.ignored.length > 0 && (
          <button type="button" class="text-button" aria-expanded={rules} onClick={() => setRules(!rules)}>
            {t.diff.ignored(o.ignored.length, distinct)}
          </button>
        )}
        {sync && o.verdict !== "same" && (
          <Button small icon="sync" no={sync.no} onClick={() => sync.run(o.ref)}>
            {t.tree.syncThis}
          </Button>
        )}
        {text && (
          <Button small kind="ghost" icon={whole ? "list" : "render"} pressed={whole} onClick={() => setWhole(!whole)}>
            {t.diff.yaml}
          </Button>
        )}
      </header>
      {rules && (
        <ul class="diff-rules">
          {o.ignored.map((x) => (
            <li key={x.path + x.rule}>
              <span class="mono">{x.path}</span> <span class="muted">{x.rule}</span>
            </li>
          ))}
        </ul>
      )}
      {o.fields.length > 0 && !(whole && text && o.verdict !== "changed") && (
        <ul class="diff-fields">
          {o.fields.map((f) => (
            <Field key={f.path} of={o.ref} f={f} left={left} right={right} {...(explain ? { explain: (p: string) => explain(o.ref, p) } : {})} />
          ))}
        </ul>
      )}
      {whole && text && <TextDiff left={o.leftText} right={o.rightText} />}
    </section>
  );
}

/** Objects drawn at first; the rest on demand. */
const objectsShown = 40;

export function DiffView({ diff, left, right, only, ...doing }: { diff: Diff; left: string; right: string; only?: string } & Doing) {
  const [limit, setLimit] = useState(objectsShown);
  const objects = only ? diff.objects.filter((o) => refId(o.ref) === only) : diff.objects;
  const shown = objects.slice(0, limit);
  if (!objects.length)
    return (
      <Empty icon="check" title={only ? t.diff.sameObject : t.diff.same}>
        {!only && diff.hiddenSame > 0 && t.diff.sameCount(diff.hiddenSame)}
      </Empty>
    );
  return (
    <div class="diff">
      {shown.map((o) => (
        <ObjectDiff key={refId(o.ref)} o={o} left={left} right={right} {...doing} />
      ))}
      {objects.length > limit && <Button onClick={() => setLimit(limit + 100)}>{t.moreOf(objects.length - limit)}</Button>}
      {!only && diff.hiddenSame > 0 && (
        <p class="faint diff-same">
          <Icon name="check" size={12} /> {t.diff.hidden(diff.hiddenSame)}
        </p>
      )}
    </div>
  );
}
