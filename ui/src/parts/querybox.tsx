// The one box that filters: a combobox over keys and values, with problems named below it.
import { useMemo, useRef, useState } from "preact/hooks";
import { isWords, parse, split, type Columns } from "../lib/query";
import { t } from "../strings";
import { Icon } from "./icon";

type Props = {
  value: string;
  onInput: (text: string) => void;
  columns: Columns;
  /** Known values of a key. */
  values: (key: string) => readonly string[];
  label: string;
  placeholder: string;
  id: string;
  result?: string;
};

const listMax = 8;

/** Where the word under the cursor begins. */
function wordStart(text: string, at: number): number {
  const before = text.slice(0, at);
  const last = split(before).at(-1) ?? "";
  return /\s$/.test(before) && !before.endsWith(last) ? at : at - last.length;
}

export function QueryBox(p: Props) {
  const [open, setOpen] = useState(false);
  const [active, setActive] = useState(-1);
  const [caret, setCaret] = useState(p.value.length);
  const input = useRef<HTMLInputElement>(null);
  const query = useMemo(() => parse(p.value, p.columns), [p.value, p.columns]);

  const choices = useMemo(() => {
    if (!open) return [];
    const start = wordStart(p.value, caret);
    const word = p.value.slice(start, caret).toLowerCase();
    const m = /^(-?)([a-z]+):(!?)(?:.*,)?([^,]*)$/.exec(word);
    if (m) {
      const key = m[2] ?? "";
      const typed = (m[4] ?? "").replaceAll('"', "");
      const list = key === "is" ? isWords : p.values(key);
      return list
        .filter((v) => v.toLowerCase().includes(typed) && v !== "")
        .slice(0, listMax)
        .map((v) => ({ text: v, insert: /[\s,]/.test(v) ? `"${v}"` : v, keep: word.length - (m[4] ?? "").length, hint: "" }));
    }
    const plain = word.replace(/^-/, "");
    return Object.keys(p.columns)
      .filter((k) => k.startsWith(plain) && (plain !== "" || p.value === ""))
      .slice(0, 14)
      .map((k) => ({ text: `${k}:`, insert: `${k}:`, keep: word.length - plain.length, hint: t.query.keys[k] ?? "" }));
  }, [open, p.value, caret, p.columns, p.values]);

  const take = (n: number) => {
    const c = choices[n];
    if (!c) return;
    const start = wordStart(p.value, caret);
    const tail = c.insert.endsWith(":") ? "" : " ";
    const text = p.value.slice(0, start + c.keep) + c.insert + tail + p.value.slice(caret).trimStart();
    const to = start + c.keep + c.insert.length + tail.length;
    p.onInput(text);
    setActive(-1);
    setCaret(to);
    setOpen(tail === "");
    requestAnimationFrame(() => {
      input.current?.focus();
      input.current?.setSelectionRange(to, to);
    });
  };

  const onKey = (e: KeyboardEvent) => {
    if (e.key === "ArrowDown" && choices.length) {
      e.preventDefault();
      setActive((active + 1) % choices.length);
    } else if (e.key === "ArrowUp" && choices.length) {
      e.preventDefault();
      setActive((active - 1 + choices.length) % choices.length);
    } else if ((e.key === "Enter" || e.key === "Tab") && active >= 0) {
      e.preventDefault();
      take(active);
    } else if (e.key === "Enter") {
      e.preventDefault();
      setOpen(false);
      input.current?.blur();
      document.querySelector<HTMLElement>(".grid [tabindex='0']")?.focus();
    } else if (e.key === "Escape") {
      e.preventDefault();
      e.stopPropagation();
      if (open && choices.length) setOpen(false);
      else input.current?.blur();
    }
  };

  const shown = open && choices.length > 0;
  return (
    <div class="query">
      <div class="query-box">
        <Icon name="filter" size={14} />
        <input
          ref={input}
          id={p.id}
          class="mono"
          type="text"
          role="combobox"
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          aria-label={p.label}
          aria-expanded={shown}
          aria-controls={`${p.id}-list`}
          aria-activedescendant={shown && active >= 0 ? `${p.id}-${active}` : undefined}
          aria-describedby={`${p.id}-note`}
          placeholder={p.placeholder}
          value={p.value}
          onInput={(e) => {
            const el = e.currentTarget;
            setCaret(el.selectionStart ?? el.value.length);
            setOpen(true);
            setActive(-1);
            p.onInput(el.value);
          }}
          onFocus={(e) => {
            setCaret(e.currentTarget.selectionStart ?? 0);
            setOpen(true);
          }}
          onKeyUp={(e) => setCaret(e.currentTarget.selectionStart ?? 0)}
          onClick={(e) => {
            setCaret(e.currentTarget.selectionStart ?? 0);
            setOpen(true);
          }}
          onBlur={() => setOpen(false)}
          onKeyDown={onKey}
        />
        {p.result && <span class="query-result num">{p.result}</span>}
        {p.value && (
          <button type="button" class="btn btn-ghost btn-icon btn-s" aria-label={t.query.clear} onClick={() => p.onInput("")}>
            <Icon name="close" size={14} />
          </button>
        )}
      </div>
      <div id={`${p.id}-list`} role="listbox" aria-label={t.query.suggestions} class={`query-list${shown ? "" : " hidden"}`}>
        {shown &&
          choices.map((c, n) => (
            <div
              key={c.text}
              id={`${p.id}-${n}`}
              role="option"
              aria-selected={n === active}
              class={`query-choice${n === active ? " on" : ""}`}
              onMouseDown={(e) => {
                e.preventDefault();
                take(n);
              }}
            >
              <span class="mono">{c.text}</span>
              <span class="faint">{c.hint}</span>
            </div>
          ))}
      </div>
      <p id={`${p.id}-note`} class={query.problems.length ? "query-note" : "sr"}>
        {query.problems.map((x) => (x.what === "key" ? t.query.badKey(x.raw, x.hint) : t.query.badNumber(x.raw, x.hint))).join(" ")}
      </p>
    </div>
  );
}
