// An `ignoreDifferences` rule for a field, to be put into the Application.
import type { Ref } from "../wire";

/** `test` is jq's: which item of a list is meant. */
type Step = { name: string } | { index: number } | { test: string };

/** What stands in brackets: `3`, `"a.b/c"`, `name="web",port=80` or `="value"`. */
function bracket(inner: string): Step {
  if (/^\d+$/.test(inner)) return { index: Number(inner) };
  if (inner.startsWith('"')) return { name: JSON.parse(inner) as string };
  const tests: string[] = [];
  for (const m of inner.matchAll(/([\w.-]*)=("(?:[^"\\]|\\.)*"|[^,]*)/g)) tests.push(`.${m[1] ?? ""} == ${m[2] ?? "null"}`);
  return { test: tests.join(" and ") };
}

/** `spec.containers[name="web"].image` or `/spec/replicas` in steps. */
export function steps(path: string): Step[] {
  if (path.startsWith("/"))
    return path
      .slice(1)
      .split("/")
      .map((s) => s.replaceAll("~1", "/").replaceAll("~0", "~"))
      .map((s) => (/^\d+$/.test(s) ? { index: Number(s) } : { name: s }));
  const out: Step[] = [];
  for (const m of path.matchAll(/\[((?:"(?:[^"\\]|\\.)*"|[^\]"])*)\]|([^.[\]]+)/g)) out.push(m[2] === undefined ? bracket(m[1] ?? "") : { name: m[2] });
  return out;
}

/** A pointer where that is enough; jq where a list's item is meant by its key. */
export function ignoreRule(ref: Ref, path: string): string {
  const all = steps(path);
  const head = [
    "ignoreDifferences:",
    ...(ref.group ? [`- group: ${ref.group}`, `  kind: ${ref.kind}`] : [`- kind: ${ref.kind}`]),
    `  name: ${ref.name}`,
    ...(ref.namespace ? [`  namespace: ${ref.namespace}`] : []),
  ];
  if (!all.some((s) => "test" in s)) {
    const pointer = all.map((s) => ("index" in s ? String(s.index) : "name" in s ? s.name.replaceAll("~", "~0").replaceAll("/", "~1") : "")).join("/");
    return [...head, "  jsonPointers:", `  - /${pointer}`].join("\n");
  }
  let jq = "";
  for (const s of all) {
    if ("index" in s) jq += `[${s.index}]`;
    else if ("test" in s) jq += `[] | select(${s.test})`;
    else jq += `${jq.endsWith(")") ? " | " : ""}${/^[A-Za-z_]\w*$/.test(s.name) ? `.${s.name}` : `.[${JSON.stringify(s.name)}]`}`;
  }
  return [...head, "  jqPathExpressions:", `  - ${jq}`].join("\n");
}
