// A value as YAML, for people to read. Nothing reads it back.
import type { Json } from "../wire";

const plain = /^[A-Za-z_/.][\w ./@:+=,()*<>-]*$/;
const special = /^(?:y|yes|n|no|on|off|true|false|null|~|[-+.\d].*)$/i;

function text(s: string): string {
  if (s === "" || special.test(s) || !plain.test(s) || s.includes(": ") || s.endsWith(":") || s.includes(" #")) return JSON.stringify(s);
  return s;
}

export function toYaml(v: Json, indent = ""): string {
  if (v === null) return "null\n";
  if (typeof v === "string") {
    if (v.includes("\n")) {
      const end = v.endsWith("\n") ? "" : "-";
      return `|${end}\n${v.replace(/\n$/, "").split("\n").map((l) => (l ? `${indent}${l}` : "")).join("\n")}\n`;
    }
    return `${text(v)}\n`;
  }
  if (typeof v !== "object") return `${String(v)}\n`;
  if (Array.isArray(v)) {
    if (!v.length) return "[]\n";
    return `\n${v.map((x) => `${indent}- ${nested(x, `${indent}  `)}`).join("")}`;
  }
  const keys = Object.keys(v);
  if (!keys.length) return "{}\n";
  return `\n${keys
    .map((k) => {
      const x = v[k] as Json;
      const list = Array.isArray(x) && x.length > 0;
      const below = toYaml(x, list ? indent : `${indent}  `);
      return `${indent}${text(k)}:${below.startsWith("\n") ? "" : " "}${below}`;
    })
    .join("")}`;
}

/** What stands behind a dash: a mapping begins on the same line. */
function nested(x: Json, indent: string): string {
  const out = toYaml(x, indent);
  return out.startsWith("\n") ? out.slice(1 + indent.length) : out;
}
