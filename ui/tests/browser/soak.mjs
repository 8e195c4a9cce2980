// Leaves the list of 10,000 applications open with 1,000 changes a second, and tells how the heap grows: `npm run soak -- MINUTES`.
import { fork } from "node:child_process";
import { assert, launch, open, settled } from "./kit.mjs";

const minutes = Number(process.argv[2] ?? 10);
const heapMax = 100e6;
/** Flat: this is what noise and the JIT do in an hour. */
const slopeMax = 10e6;
const everyMs = Math.min(15_000, (minutes * 60_000) / 8);

const child = fork(new URL("../mock/main.mjs", import.meta.url).pathname, ["--apps", "10000", "--deltas", "1000", "--hot", "60", "--port", "0"], { silent: true });
const url = await new Promise((done) => child.stdout.once("data", (d) => done(String(d).trim())));
const browser = await launch();
const page = await open(browser, `${url}/apps`);
await settled(page);
/** Without a handle of an element: one keeps the whole page that it was of. */
const listed = async () => (await page.waitForFunction(() => document.querySelector("[data-at='20']") !== null)).dispose();
await listed();
const cdp = await page.context().newCDPSession(page);
const samples = [];
const began = Date.now();
const paths = ["/apps", "/", "/apps?sort=name", "/drift", "/apps?q=health:!healthy", "/apps/windlass/web"];
const sample = async () => {
  await cdp.send("HeapProfiler.collectGarbage");
  const { usedSize } = await cdp.send("Runtime.getHeapUsage");
  const dom = await page.evaluate(() => document.querySelectorAll("*").length);
  samples.push({ at: Date.now() - began, heap: usedSize, dom });
  console.log(`${((Date.now() - began) / 60_000).toFixed(1)} min  heap ${(usedSize / 1e6).toFixed(1)} MB  ${dom} elements`);
};
// Half of the time it is only looked at, then somebody walks about in it, without loading a page.
let walk = 0;
while (Date.now() - began < minutes * 60_000) {
  await page.waitForTimeout(everyMs);
  if (Date.now() - began > minutes * 30_000) {
    const to = paths[++walk % paths.length];
    await page.evaluate((p) => {
      const a = document.createElement("a");
      a.href = p;
      document.body.append(a);
      a.click();
      a.remove();
    }, to);
    await settled(page);
    await page.evaluate(() => {
      const a = document.createElement("a");
      a.href = "/apps";
      document.body.append(a);
      a.click();
      a.remove();
    });
    await listed();
  }
  await sample();
}
/** Bytes an hour, by least squares; the first quarter is warming up. */
const used = samples.slice(Math.floor(samples.length / 4));
const mean = (f) => used.reduce((a, s) => a + f(s), 0) / used.length;
const [t, h] = [mean((s) => s.at), mean((s) => s.heap)];
const slope = (used.reduce((a, s) => a + (s.at - t) * (s.heap - h), 0) / used.reduce((a, s) => a + (s.at - t) ** 2, 0)) * 3_600_000;
const most = Math.max(...samples.map((s) => s.heap));
console.log(`after ${minutes} min: at most ${(most / 1e6).toFixed(1)} MB, slope ${(slope / 1e6).toFixed(2)} MB an hour`);
await page.done();
await browser.close();
child.kill();
assert.ok(most < heapMax, `heap ${most}`);
// A few minutes are too short for a slope.
if (minutes >= 10) assert.ok(slope < slopeMax, `the heap grows by ${(slope / 1e6).toFixed(1)} MB an hour`);
