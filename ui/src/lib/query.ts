// The query language of lists: `cluster:prod-* health:!healthy team=payments drift:>0 text`.
//
// Terms are joined by "and". `key:value` matches a column (globs, `a,b` for either, `!` in front for not, `>` `>=` `<` `<=` for
// numbers and ages), `key=value` and `key!=value` a label, anything else is text that must occur; `-` in front negates.

export type Value = { not: boolean; op: "is" | ">" | ">=" | "<" | "<="; text: string };
export type Term =
  | { kind: "column"; key: string; not: boolean; values: Value[]; raw: string }
  | { kind: "label"; key: string; not: boolean; value: string; raw: string }
  | { kind: "text"; not: boolean; text: string; raw: string };
export type Problem = { raw: string; what: "key" | "number"; hint: string };
export type Query = { terms: Term[]; problems: Problem[] };

export type ColumnKind = "text" | "number" | "age" | "is";
export type Columns = Record<string, ColumnKind>;

/** What can be asked of applications. `is` has the words of {@link isWords}. */
export const appColumns: Columns = {
  name: "text",
  ns: "text",
  project: "text",
  cluster: "text",
  dest: "text",
  repo: "text",
  path: "text",
  sync: "text",
  health: "text",
  rev: "text",
  cause: "text",
  drift: "number",
  resources: "number",
  since: "age",
  is: "is",
};

export const isWords = [
  "auto",
  "selfheal",
  "held",
  "paused",
  "running",
  "failed",
  "drifted",
  "rolledback",
  "deleting",
  "favourite",
  "marked",
] as const;

/** Splits at spaces outside double quotes; keeps each piece as it was written. */
export function split(text: string): string[] {
  const out: string[] = [];
  let word = "";
  let quoted = false;
  for (const c of text) {
    if (c === '"') quoted = !quoted;
    if (/\s/.test(c) && !quoted) {
      if (word) out.push(word);
      word = "";
    } else word += c;
  }
  if (word) out.push(word);
  return out;
}

const unquote = (s: string): string => s.replaceAll('"', "");

/** Splits at commas outside quotes. */
function alternatives(s: string): string[] {
  const out: string[] = [];
  let word = "";
  let quoted = false;
  for (const c of s) {
    if (c === '"') quoted = !quoted;
    if (c === "," && !quoted) {
      out.push(word);
      word = "";
    } else word += c;
  }
  out.push(word);
  return out.filter((w) => w !== "");
}

function value(text: string): Value {
  let rest = text;
  let not = false;
  if (rest.startsWith("!")) {
    not = true;
    rest = rest.slice(1);
  }
  const m = /^(>=|<=|>|<)/.exec(rest);
  if (m) return { not, op: m[1] as Value["op"], text: unquote(rest.slice(m[1]?.length)).toLowerCase() };
  return { not, op: "is", text: unquote(rest).toLowerCase() };
}

/** `6m`, `2h`, `1d`, `90` (seconds) in seconds; NaN if it isn't one. */
export function seconds(text: string): number {
  const m = /^(\d+(?:\.\d+)?)(s|m|h|d|w)?$/.exec(text);
  if (!m) return NaN;
  const unit = { s: 1, m: 60, h: 3600, d: 86400, w: 604800 }[m[2] ?? "s"] ?? 1;
  return Number(m[1]) * unit;
}

function closest(word: string, words: readonly string[]): string {
  return words.find((w) => w.startsWith(word) || word.startsWith(w)) ?? words.find((w) => w[0] === word[0]) ?? "";
}

export function parse(text: string, columns: Columns): Query {
  const terms: Term[] = [];
  const problems: Problem[] = [];
  for (const raw of split(text)) {
    let word = raw;
    let not = false;
    if (word.startsWith("-") && word.length > 1) {
      not = true;
      word = word.slice(1);
    }
    const column = /^([A-Za-z]+):(.*)$/s.exec(word);
    if (column && !word.startsWith('"')) {
      const key = (column[1] ?? "").toLowerCase();
      const kind = columns[key];
      const rest = column[2] ?? "";
      if (kind) {
        const values = alternatives(rest).map(value);
        if (!values.length) continue; // `health:` while it is being typed
        for (const v of values) {
          if (kind === "number" && Number.isNaN(Number(v.text || "x"))) problems.push({ raw, what: "number", hint: "3" });
          if (kind === "age" && Number.isNaN(seconds(v.text))) problems.push({ raw, what: "number", hint: "6m" });
          if (kind === "is" && !(isWords as readonly string[]).includes(v.text))
            problems.push({ raw, what: "key", hint: closest(v.text, isWords) });
        }
        terms.push({ kind: "column", key, not, values, raw });
        continue;
      }
      if (!rest.startsWith("//")) problems.push({ raw, what: "key", hint: closest(key, Object.keys(columns)) });
    }
    const label = /^([A-Za-z0-9][\w./-]*?)(!?=)(.*)$/s.exec(word);
    if (label && !word.startsWith('"')) {
      terms.push({
        kind: "label",
        key: (label[1] ?? "").toLowerCase(),
        not: not !== (label[2] === "!="),
        value: unquote(label[3] ?? "").toLowerCase(),
        raw,
      });
      continue;
    }
    const t = unquote(word).toLowerCase();
    if (t) terms.push({ kind: "text", not, text: t, raw });
  }
  return { terms, problems };
}

const globs = new Map<string, RegExp>();

/** Whole-word match with `*` and `?`; both sides are lower case. */
export function glob(pattern: string, text: string): boolean {
  if (!pattern.includes("*") && !pattern.includes("?")) return pattern === text;
  let re = globs.get(pattern);
  if (!re) {
    if (globs.size > 500) globs.clear();
    const source = pattern
      .replace(/\*+/g, "*")
      .replace(/[.+^${}()|[\]\\]/g, "\\$&")
      .replaceAll("*", ".*")
      .replaceAll("?", ".");
    re = new RegExp(`^${source}$`, "s");
    globs.set(pattern, re);
  }
  return re.test(text);
}

function compare(op: Value["op"], a: number, b: number): boolean {
  switch (op) {
    case ">":
      return a > b;
    case ">=":
      return a >= b;
    case "<":
      return a < b;
    case "<=":
      return a <= b;
    case "is":
      return a === b;
  }
}

/** What a row must tell for a query to be answered. Text is lower case. */
export type Subject = {
  text(key: string): string;
  number(key: string): number;
  is(word: string): boolean;
  /** `k=v,k=v`, lower case. */
  labels(): string;
  haystack(): string;
};

function oneValue(kind: ColumnKind, key: string, v: Value, row: Subject): boolean {
  let hit: boolean;
  if (kind === "text") hit = glob(v.text, row.text(key));
  else if (kind === "is") hit = row.is(v.text);
  else {
    const want = kind === "age" ? seconds(v.text) : Number(v.text || "x");
    hit = Number.isNaN(want) ? true : compare(v.op, row.number(key), want);
  }
  return hit !== v.not;
}

function labelHit(term: { key: string; value: string }, labels: string): boolean {
  for (const pair of labels.split(",")) {
    const at = pair.indexOf("=");
    if (at > 0 && pair.slice(0, at) === term.key && glob(term.value, pair.slice(at + 1))) return true;
  }
  return false;
}

export function termMatches(term: Term, columns: Columns, row: Subject): boolean {
  switch (term.kind) {
    case "text":
      return row.haystack().includes(term.text) !== term.not;
    case "label":
      return labelHit(term, row.labels()) !== term.not;
    case "column": {
      const kind = columns[term.key] ?? "text";
      // Positive values are alternatives; a negated one must hold in any case.
      const positive = term.values.filter((v) => !v.not);
      const negative = term.values.filter((v) => v.not);
      const hit =
        (positive.length === 0 || positive.some((v) => oneValue(kind, term.key, v, row))) &&
        negative.every((v) => oneValue(kind, term.key, v, row));
      return hit !== term.not;
    }
  }
}

export function matches(query: Query, columns: Columns, row: Subject): boolean {
  for (const t of query.terms) if (!termMatches(t, columns, row)) return false;
  return true;
}

const quote = (v: string): string => (/[\s,"]/.test(v) ? `"${v.replaceAll('"', "")}"` : v);

/** A term that matches one value, quoted where it must be. */
export function term(key: string, value: string): string {
  return `${key}:${quote(value)}`;
}

/** The address of the list that shows what `query` matches. */
export function listHref(query: string): string {
  return `/apps?q=${encodeURIComponent(query)}`;
}

/** The query with `value` of `key` switched on or off: what a click on a facet does. */
export function toggle(text: string, key: string, word: string): string {
  const v = word.toLowerCase();
  const out: string[] = [];
  let found = false;
  for (const raw of split(text)) {
    const m = /^([A-Za-z]+):(.*)$/s.exec(raw);
    if (!m || (m[1] ?? "").toLowerCase() !== key || found) {
      out.push(raw);
      continue;
    }
    found = true;
    const list = alternatives(m[2] ?? "");
    const rest = list.filter((a) => unquote(a).toLowerCase() !== v);
    if (rest.length === list.length) rest.push(quote(v));
    if (rest.length) out.push(`${key}:${rest.join(",")}`);
  }
  if (!found) out.push(`${key}:${quote(v)}`);
  return out.join(" ");
}

/** Whether `value` of `key` is switched on by a plain term. */
export function isOn(query: Query, key: string, word: string): boolean {
  const v = word.toLowerCase();
  return query.terms.some(
    (t) => t.kind === "column" && t.key === key && !t.not && t.values.some((x) => !x.not && x.op === "is" && x.text === v),
  );
}
