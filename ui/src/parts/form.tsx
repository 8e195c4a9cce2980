// Fields of forms: one line, a switch, a choice, lists of lines and of rows.
import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import { at, listAt, put, textAt, type Path } from "../lib/edit";
import { tf } from "../strings/forms";
import type { Json } from "../wire";
import { Button } from "./basic";

type Text = {
  label: string;
  value: string;
  onInput: (v: string) => void;
  hint?: string;
  /** What else could be meant. */
  choices?: readonly string[];
  mono?: boolean;
  required?: boolean;
  readOnly?: boolean;
  /** In a table of them the column says it. */
  bare?: boolean;
};
/** So many suggestions are useful. */
const choicesMax = 200;

export function TextField(p: Text) {
  const id = useId();
  const input = (
    <input
      type="text"
      class={`${p.bare ? "input " : ""}${p.mono ? "mono" : ""}`}
      aria-label={p.bare ? p.label : undefined}
      value={p.value}
      placeholder={p.hint}
      readOnly={p.readOnly}
      required={p.required}
      list={p.choices?.length ? id : undefined}
      autocomplete="off"
      spellcheck={false}
      onInput={(e) => p.onInput(e.currentTarget.value)}
    />
  );
  const list = p.choices?.length ? (
    <datalist id={id}>
      {p.choices.slice(0, choicesMax).map((c) => (
        <option key={c} value={c} />
      ))}
    </datalist>
  ) : null;
  if (p.bare)
    return (
      <>
        {input}
        {list}
      </>
    );
  return (
    <label class="field">
      <span>
        {p.label} {p.required && <span class="faint">{tf.required}</span>}
      </span>
      {input}
      {list}
    </label>
  );
}

export function Area({ label, value, hint, onInput }: { label: string; value: string; hint?: string; onInput: (v: string) => void }) {
  return (
    <label class="field">
      <span>{label}</span>
      <textarea class="mono" rows={6} value={value} placeholder={hint} spellcheck={false} onInput={(e) => onInput(e.currentTarget.value)} />
    </label>
  );
}

export function Switch({ label, hint, on, set }: { label: string; hint?: string; on: boolean; set: (on: boolean) => void }) {
  return (
    <label class="check">
      <input type="checkbox" checked={on} onChange={(e) => set(e.currentTarget.checked)} />
      <span>
        {label} {hint && <span class="faint">{hint}</span>}
      </span>
    </label>
  );
}

export function Choice({ label, value, of, set }: { label: string; value: string; of: readonly (readonly [string, string])[]; set: (v: string) => void }) {
  return (
    <label class="field">
      <span>{label}</span>
      <select class="select" value={value} onChange={(e) => set(e.currentTarget.value)}>
        {of.map(([v, word]) => (
          <option key={v} value={v}>
            {word}
          </option>
        ))}
      </select>
    </label>
  );
}

type Column = { key: string; label: string; hint?: string; choices?: readonly string[] };
type Rows = { label: string; value: Json; path: Path; change: (v: Json) => void; columns: readonly Column[] };

/** A list of small objects, a row each. */
export function Rows({ label, value, path, change, columns }: Rows) {
  const rows = listAt(value, path);
  const set = (list: Json[]) => change(put(value, path, list.length ? list : undefined));
  return (
    <Group label={label} add={() => set([...rows, Object.fromEntries(columns.map((c) => [c.key, ""]))])}>
      {rows.map((row, i) => (
        <div key={i} class="form-row">
          {columns.map((c) => (
            <TextField
              key={c.key}
              bare
              mono
              label={`${c.label} ${i + 1}`}
              hint={c.hint ?? c.label}
              value={textAt(row, [c.key])}
              {...(c.choices ? { choices: c.choices } : {})}
              onInput={(v) => set(rows.map((r, k) => (k === i ? put(r, [c.key], v) : r)))}
            />
          ))}
          <Button small kind="ghost" icon="close" label={`${tf.remove} ${i + 1}`} onClick={() => set(rows.filter((_, k) => k !== i))} />
        </div>
      ))}
    </Group>
  );
}

/** A list of lines. */
export function Lines({ label, value, path, change, hint, choices }: { label: string; value: Json; path: Path; change: (v: Json) => void; hint?: string; choices?: readonly string[] }) {
  const lines = listAt(value, path).map((x) => String(x ?? ""));
  const set = (list: string[]) => change(put(value, path, list.length ? list : undefined));
  return (
    <Group label={label} add={() => set([...lines, ""])}>
      {lines.map((line, i) => (
        <div key={i} class="form-row">
          <TextField
            bare
            mono
            label={`${label} ${i + 1}`}
            value={line}
            {...(hint ? { hint } : {})}
            {...(choices ? { choices } : {})}
            onInput={(v) => set(lines.map((x, k) => (k === i ? v : x)))}
          />
          <Button small kind="ghost" icon="close" label={`${tf.remove} ${i + 1}`} onClick={() => set(lines.filter((_, k) => k !== i))} />
        </div>
      ))}
    </Group>
  );
}

function Group({ label, add, children }: { label: string; add: () => void; children: ComponentChildren }) {
  return (
    <fieldset class="field form-group">
      <legend>{label}</legend>
      {children}
      <button type="button" class="text-button form-add" aria-label={`${tf.add}: ${label}`} onClick={add}>
        + {tf.add}
      </button>
    </fieldset>
  );
}

/** Rows in which everything is empty aren't meant. */
export function withoutEmpty(value: Json, path: Path): Json {
  const list = listAt(value, path);
  const kept = list.filter((x) => (typeof x === "string" ? x.trim() !== "" : x !== null && typeof x === "object" && Object.values(x).some((v) => v !== "")));
  return kept.length === list.length || at(value, path) === undefined ? value : put(value, path, kept.length ? kept : undefined);
}
