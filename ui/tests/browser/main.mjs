// Runs the browser tests: `node tests/browser/main.mjs [words of names]`.
import { launch } from "./kit.mjs";

const words = process.argv.slice(2);
const files = ["pages", "keyboard", "actions", "forms", "locales", "stream", "budgets", "demo"];
const browser = await launch();
let failed = 0;
let passed = 0;
const skipped = [];
const started = Date.now();
for (const file of files) {
  const { default: tests } = await import(`./${file}.mjs`);
  for (const [name, run] of Object.entries(tests)) {
    const full = `${file}: ${name}`;
    if (words.length && !words.every((w) => full.includes(w))) continue;
    const at = Date.now();
    try {
      const out = await run(browser);
      if (out?.skip) {
        skipped.push(`${full}: ${out.skip}`);
        continue;
      }
      passed++;
      console.log(`ok   ${full} (${Date.now() - at} ms)${out?.told ? `\n     ${out.told}` : ""}`);
    } catch (e) {
      failed++;
      console.log(`FAIL ${full}\n     ${String(e.stack ?? e).split("\n").slice(0, 14).join("\n     ")}`);
    }
  }
}
await browser.close();
for (const s of skipped) console.log(`skipped: ${s}`);
console.log(`${passed} passed, ${failed} failed, ${skipped.length} skipped in ${((Date.now() - started) / 1000).toFixed(1)} s`);
process.exit(failed ? 1 : 0);
