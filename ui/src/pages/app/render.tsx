// From what Git says to what is applied: every line with the file that made it.
import { useEffect, useMemo, useState } from "preact/hooks";
import { GitLine, refId, valueText } from "../../parts/diff";
import { Actor, Chip, Copy, Empty, ErrorNote, Note, Since, Skeleton } from "../../parts/basic";
import { appPath } from "../../lib/api";
import { useFetch } from "../../lib/live";
import { param, setParams } from "../../lib/router";
import { t } from "../../strings";
import type { Explain, Rendered } from "../../wire";
import type { TabProps } from "../app";

/** More lines than this are drawn on demand. */
const linesShown = 600;

export default function RenderTab({ app }: TabProps) {
  const at = { appNamespace: app.ns };
  const f = useFetch<Rendered>(appPath(app.name, "rendered"), { ...at, revision: param("revision") }, { app });
  const [all, setAll] = useState(false);
  const objects = f.data?.objects ?? [];
  const pointer = toPointer(param("ptr"));
  // An address that names only a field means the object that has it.
  const chosen =
    objects.find((x) => refId(x.ref) === param("obj")) ??
    (pointer ? objects.find((x) => x.lines.some((l) => l.pointer === pointer)) : undefined) ??
    objects[0];
  const lines = useMemo(() => (chosen ? chosen.text.replace(/\n$/, "").split("\n") : []), [chosen]);
  const byLine = useMemo(() => new Map(chosen?.lines.map((l) => [l.line, l.pointer])), [chosen]);
  const lineOf = chosen?.lines.find((l) => l.pointer === pointer)?.line ?? 0;
  useEffect(() => {
    if (lineOf) document.getElementById(`L${lineOf}`)?.scrollIntoView({ block: "center" });
  }, [lineOf, chosen]);

  if (!f.data) return f.error ? <ErrorNote error={f.error} retry={f.reload} /> : <Skeleton rows={12} height={24} />;
  if (!chosen) return <Empty icon="render" title={t.render.none} />;
  const shown = all ? lines : lines.slice(0, Math.max(linesShown, lineOf + 50));
  return (
    <div class="render">
      <nav class="render-side" aria-label={t.render.objects}>
        <h2>{t.render.objects}</h2>
        <ul>
          {objects.map((x) => {
            const id = refId(x.ref);
            return (
              <li key={id}>
                <button
                  type="button"
                  class={`render-item${x === chosen ? " on" : ""}`}
                  aria-current={x === chosen ? "true" : undefined}
                  onClick={() => setParams({ obj: id, ptr: "" })}
                >
                  <span class="muted trunc">{x.ref.kind}</span>
                  <span class="trunc">{x.ref.name}</span>
                </button>
              </li>
            );
          })}
        </ul>
        <h2>{t.render.inputs}</h2>
        <ul class="render-inputs">
          {f.data.inputs.map((i) => (
            <li key={i.file} class="mono trunc" title={i.file}>
              {i.file}
              {i.changed && <Chip tone="warn">{t.render.changed}</Chip>}
            </li>
          ))}
        </ul>
      </nav>
      <section class="render-main" aria-label={`${chosen.ref.kind} ${chosen.ref.name}`}>
        <header class="pane-head">
          <span class="muted">{chosen.ref.kind}</span>
          <h2>{chosen.ref.name}</h2>
          <span class="grow" />
          <Copy text={chosen.text} />
        </header>
        <Lines key={refId(chosen.ref)} lines={shown} byLine={byLine} chosen={lineOf} pick={(p) => setParams({ obj: refId(chosen.ref), ptr: p })} />
        {shown.length < lines.length && (
          <button type="button" class="facet-more" onClick={() => setAll(true)}>
            {t.moreOf(lines.length - shown.length)}
          </button>
        )}
      </section>
      <aside class="render-why" aria-label={t.render.why}>
        <h2>{t.render.why}</h2>
        {pointer ? (
          <Why app={app} obj={chosen.ref} pointer={pointer} />
        ) : (
          <p class="muted">{t.render.pickLine}</p>
        )}
        <h2>{t.render.origin}</h2>
        <GitLine line={chosen.origin} />
        <p class="faint gap-top">{t.render.grade[f.data.grade]}</p>
        {f.data.values && (
          <details>
            <summary>{t.render.values}</summary>
            <pre class="values" tabIndex={0}>{f.data.values}</pre>
          </details>
        )}
      </aside>
    </div>
  );
}

/** A line of YAML with its key and its comment apart from the value. */
function Yaml({ text }: { text: string }) {
  const m = /^(\s*(?:- )?)([\w./"'-]+)(:)(\s.*)?$/.exec(text);
  if (!m) return <>{text || " "}</>;
  return (
    <>
      {m[1]}
      <span class="key">{m[2]}</span>
      {m[3]}
      {m[4]}
    </>
  );
}

type LinesProps = { lines: readonly string[]; byLine: ReadonlyMap<number, string>; chosen: number; pick: (pointer: string) => void };

/** The text as a list of which one line is chosen; one tab stop, arrows inside. */
function Lines({ lines, byLine, chosen, pick }: LinesProps) {
  const [cursor, setCursor] = useState(chosen || 1);
  useEffect(() => {
    if (chosen) setCursor(chosen);
  }, [chosen]);
  const focus = (line: number) => {
    const to = Math.max(1, Math.min(lines.length, line));
    setCursor(to);
    document.getElementById(`L${to}`)?.focus();
  };
  const choose = (line: number) => {
    const p = byLine.get(line);
    setCursor(line);
    if (p !== undefined) pick(p);
  };
  const onKey = (e: KeyboardEvent) => {
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    const to = { ArrowDown: cursor + 1, ArrowUp: cursor - 1, PageDown: cursor + 20, PageUp: cursor - 20, Home: 1, End: lines.length }[e.key];
    if (to !== undefined) focus(to);
    else if (e.key === "Enter" || e.key === " ") choose(cursor);
    else return;
    e.preventDefault();
  };
  return (
    <ol class="source-text mono" role="listbox" aria-label={t.render.text} onKeyDown={onKey}>
      {lines.map((text, i) => {
        const line = i + 1;
        return (
          <li
            key={line}
            id={`L${line}`}
            role="option"
            aria-selected={line === chosen}
            tabIndex={line === cursor ? 0 : -1}
            class={line === chosen ? "on" : ""}
            onClick={() => choose(line)}
          >
            <span class="ln" aria-hidden="true">
              {line}
            </span>
            <span class="source-line">
              <Yaml text={text} />
            </span>
          </li>
        );
      })}
    </ol>
  );
}

/** A field's path as a JSON pointer: `/spec/replicas` stays, `spec.containers[0].image` becomes one. */
function toPointer(path: string): string {
  if (!path || path.startsWith("/")) return path;
  return `/${path
    .replace(/\[(\d+)\]/g, ".$1")
    .split(".")
    .join("/")}`;
}

function Why({ app, obj, pointer }: { app: { ns: string; name: string }; obj: { group: string; kind: string; namespace: string; name: string }; pointer: string }) {
  const f = useFetch<Explain>(
    appPath(app.name, "explain"),
    { appNamespace: app.ns, group: obj.group, kind: obj.kind, namespace: obj.namespace, name: obj.name, pointer },
    { app },
  );
  if (!f.data) return f.error ? <ErrorNote error={f.error} /> : <Skeleton rows={3} height={24} />;
  return (
    <div class="why">
      <p class="mono break">{pointer}</p>
      <p>
        {t.render.value} <span class="mono strong break">{valueText(f.data.value)}</span>
      </p>
      <ol class="steps">
        {f.data.steps.map((s, i) => (
          <li key={i}>
            <p>{s.what}</p>
            <GitLine line={s} />
          </li>
        ))}
      </ol>
      {!f.data.steps.length && (
        <Note>
          <p>{t.render.noSteps}</p>
        </Note>
      )}
      {f.data.owner && (
        <p class="muted">
          {t.render.owner} <Actor who={f.data.owner} via />{" "}
          {f.data.owner.at && (
            <>
              <Since at={f.data.owner.at} ago />
            </>
          )}
        </p>
      )}
    </div>
  );
}
