// Which words are shown. English is the only language so far; the two made-up ones show in tests what translation will do: `en-XA` is
// longer and accented, `ar-XB` also runs from right to left.

export type Locale = "en" | "en-XA" | "ar-XB";

function chosen(): Locale {
  try {
    const stored = localStorage.getItem("windlass.locale");
    return stored === "en-XA" || stored === "ar-XB" ? stored : "en";
  } catch {
    return "en"; // a browser that keeps nothing, or none at all
  }
}
export const locale: Locale = chosen();

const accents: Record<string, string> = { a: "á", e: "é", i: "í", o: "ó", u: "ú", A: "Å", E: "É", I: "Î", O: "Ö", U: "Ü", c: "ç", n: "ñ", s: "š", y: "ý" };

/** About 40 % longer, in brackets, so that a cut end is seen. */
export function pseudo(text: string): string {
  // Queries and addresses aren't words.
  if (!/[A-Za-z]{2}/.test(text) || text.startsWith("?") || text.includes(":!")) return text;
  const longer = text.replace(/[aeiou](?=[a-z])/g, (v, at: number) => (at % 3 ? v : v + v));
  const accented = longer.replace(/[a-zA-Z]/g, (ch) => accents[ch] ?? ch);
  const missing = Math.round(text.length * 1.4) - accented.length - 2;
  return `[${accented}${missing > 0 ? "·".repeat(missing) : ""}]`;
}

function every(value: unknown): unknown {
  if (typeof value === "string") return pseudo(value);
  if (typeof value === "function") return (...args: unknown[]) => every((value as (...a: unknown[]) => unknown)(...args));
  if (Array.isArray(value)) return value.map(every);
  if (value !== null && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, every(v)]));
  return value;
}

/** The catalogue in the language that is shown. */
export function localized<T>(catalogue: T): T {
  return locale === "en" ? catalogue : (every(catalogue) as T);
}

if (typeof document !== "undefined") {
  document.documentElement.lang = locale;
  document.documentElement.dir = locale === "ar-XB" ? "rtl" : "ltr";
}
