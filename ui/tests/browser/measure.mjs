// Times beside their budgets. Limits are for an idle reference machine; elsewhere they grow with how much longer a fixed piece of work
// takes there.
import { assert } from "./kit.mjs";

/** What the piece of work takes there. */
const referenceMs = 200;
export const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
export const p95 = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length * 0.95)] ?? 0;

/** How much slower than the reference this machine is now; never below 1. */
export async function slowness(page) {
  const ms = await page.evaluate(() => {
    const once = () => {
      const at = performance.now();
      let x = 0;
      const a = [];
      for (let i = 0; i < 300_000; i++) a.push({ k: `n${(i * 7919) % 100_003}`, v: i });
      a.sort((p, q) => (p.k < q.k ? -1 : 1));
      for (const e of a) x += e.v;
      return x ? performance.now() - at : 0;
    };
    return [once(), once(), once()].sort((p, q) => p - q)[1];
  });
  return Math.max(1, ms / referenceMs);
}

/** A figure above this many times its budget is a mistake in the code; below that it may be the machine, and is only told. */
const MISTAKE = 3;

export const check = (name, got, limit, factor, told) => {
  const scaled = limit * factor;
  told.push(`${name} ${Math.round(got)} of ${Math.round(scaled)}${got > scaled ? " OVER BUDGET" : ""}`);
  assert.ok(got <= scaled * MISTAKE, `${name}: ${Math.round(got)} ms, budget ${Math.round(scaled)} ms (slowness ${factor.toFixed(1)})`);
};
