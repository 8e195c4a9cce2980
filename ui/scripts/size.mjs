// The size budget: what a first visit loads, and each part that comes later. Exits 1 above it.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

const dist = new URL("../dist", import.meta.url).pathname;
const initialMax = 60 * 1024;
const chunkMax = 60 * 1024;

const size = (name) => statSync(join(dist, `${name}.gz`)).size;
const html = readFileSync(join(dist, "index.html"), "utf8");
const initial = [...html.matchAll(/(?:src|href)="\/ui\/([^"]+\.(?:js|css))"/g)].map((m) => m[1]);
const total = initial.reduce((a, n) => a + size(n), 0);
const kb = (b) => `${(b / 1024).toFixed(1)} KB gz`;
let bad = total > initialMax;
console.log(`initial: ${kb(total)} of ${kb(initialMax)} (${initial.join(", ")})`);
for (const name of readdirSync(dist).filter((n) => /\.(js|css)$/.test(n) && !initial.includes(n))) {
  const s = size(name);
  if (s > chunkMax) {
    bad = true;
    console.log(`too large: ${name} ${kb(s)}`);
  } else if (process.argv.includes("-v")) console.log(`  ${name} ${kb(s)}`);
}
process.exit(bad ? 1 : 0);
