/// <reference types="node" />
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

/** Kubernetes' own words, formats and names: not translated. */
const untranslated = new Set(["Degraded", "OutOfSync", "JSONL", "CSV", "Windlass", "Ctrl K", "Esc"]);

function files(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap((e) => (e.isDirectory() ? files(join(dir, e.name)) : e.name.endsWith(".tsx") ? [join(dir, e.name)] : []));
}

test("every word on the screen comes from the catalogue", () => {
  const found: string[] = [];
  for (const file of files(new URL("../../src", import.meta.url).pathname)) {
    const text = readFileSync(file, "utf8").replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");
    // Text between tags, and attributes that are read.
    for (const m of text.matchAll(/[a-z"'}]>\s*([A-Z][A-Za-z ’,.…-]*[a-zA-Z.…])\s*<\/|\b(?:placeholder|title|aria-label|label|alt)="([^"]*[A-Za-z]{2}[^"]*)"/g)) {
      const word = (m[1] ?? m[2] ?? "").trim();
      if (!untranslated.has(word)) found.push(`${file.split("/src/")[1] ?? file}: ${word}`);
    }
  }
  expect(found).toEqual([]);
});
