// 10,000 applications and 1,000 changes a second. Limits are for an idle reference machine (2 cores, no GPU); on a slower or busier one
// they grow with how much longer a fixed piece of work takes.
import { execFile, fork, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { binary } from "./demo.mjs";
import { assert, open, settled } from "./kit.mjs";
import { check, median, p95, slowness } from "./measure.mjs";

const runs = 5;

/** The mock in a process of its own, so that it doesn't share a thread with the measuring. */
async function mock(apps, deltas) {
  const child = fork(new URL("../mock/main.mjs", import.meta.url).pathname, ["--apps", String(apps), "--deltas", String(deltas), "--hot", "60", "--port", "0"], { silent: true });
  const url = await new Promise((done, lost) => {
    child.stdout.once("data", (d) => done(String(d).trim()));
    child.once("exit", () => lost(new Error("the mock ended")));
  });
  return { url, close: () => child.kill() };
}

/** The real server with applications that don't exist, on a control plane of its own. */
async function fakeFleet(apps, deltas) {
  const bin = binary();
  if (!bin) return null;
  const dir = mkdtempSync(join(tmpdir(), "windlass-ui-"));
  const kubeconfig = join(dir, "kubeconfig");
  const children = [];
  const start = (args, ready) =>
    new Promise((done, lost) => {
      let out = "";
      const child = spawn(bin, args, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, NO_COLOR: "1" } });
      children.push(child);
      const more = (d) => {
        out += d;
        const m = ready.exec(out);
        if (m) done(m);
      };
      child.stdout.on("data", more);
      child.stderr.on("data", more);
      child.once("exit", (code) => lost(new Error(`${args[0]} ended with ${code}:\n${out}`)));
    });
  const close = () => {
    for (const c of children) {
      c.removeAllListeners("exit");
      c.kill("SIGINT");
    }
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    await start(["control-plane", "--listen", "127.0.0.1:0", "--kubeconfig-out", kubeconfig], /control plane\s+ready/);
    await promisify(execFile)(bin, ["install", "--kubeconfig", kubeconfig]);
    const args = ["serve", "--kubeconfig", kubeconfig, "--cache", join(dir, "cache"), "--fake-fleet", String(apps), "--deltas", String(deltas), "--ui-listen", "127.0.0.1:0"];
    const [, link] = await start(args, /dashboard\s+ready\s+(http\S+)\s/);
    return { link, url: new URL(link).origin, close };
  } catch (e) {
    close();
    throw e;
  }
}

async function measure(browser, url, throttle, cookies = []) {
  const page = await open(browser, null);
  await page.context().addCookies(cookies);
  const cdp = await page.context().newCDPSession(page);
  if (throttle > 1) await cdp.send("Emulation.setCPUThrottlingRate", { rate: throttle });
  await page.addInitScript(() => {
    const seen = new MutationObserver(() => {
      if (document.querySelectorAll("[data-at]").length > 10 && !window.rowsAt)
        requestAnimationFrame(() => {
          window.rowsAt ??= performance.now();
        });
    });
    seen.observe(document, { childList: true, subtree: true });
  });
  await page.goto(`${url}/apps?sort=name`);
  await page.waitForFunction(() => window.rowsAt);
  const first = await page.evaluate(() => [performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0, window.rowsAt]);
  // Each key: from the event to the frame after it.
  const keys = await page.evaluate(async () => {
    const input = document.querySelector("#apps-query");
    const set = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set;
    const out = [];
    input.focus();
    for (const text of ["p", "pa", "pay", "payme", "payments api", "health:!healthy payments"]) {
      await new Promise((r) => setTimeout(r, 120));
      const at = performance.now();
      set.call(input, text);
      input.dispatchEvent(new Event("input", { bubbles: true }));
      await new Promise((r) => requestAnimationFrame(() => setTimeout(r)));
      out.push(performance.now() - at);
    }
    set.call(input, "");
    input.dispatchEvent(new Event("input", { bubbles: true }));
    return out;
  });
  const out = { paint: first[0], rows: first[1], keys };
  return { page, out };
}

const load = (throttle, limits) => async (browser) => {
  const server = await mock(10_000, 0);
  try {
    const probe = await open(browser, server.url);
    const factors = [];
    const all = [];
    for (let i = 0; i < runs; i++) {
      const { page, out } = await measure(browser, server.url, throttle);
      all.push(out);
      await page.done();
      factors.push(await slowness(probe));
    }
    await probe.done();
    const factor = median(factors);
    const told = [];
    check("paint", median(all.map((o) => o.paint)), limits.paint, factor, told);
    check("rows", median(all.map((o) => o.rows)), limits.rows, factor, told);
    // The slowest of the keys, each by its best run: other work on the machine only ever adds.
    const keys = all[0].keys.map((_, k) => Math.min(...all.map((o) => o.keys[k])));
    const medians = all[0].keys.map((_, k) => median(all.map((o) => o.keys[k])));
    check("key", Math.max(...keys), limits.key, factor, told);
    told.push(`(median ${Math.round(Math.max(...medians))})`);
    return { told: `${told.join(", ")} ms; slowness ${factor.toFixed(2)}` };
  } finally {
    server.close();
  }
};

export default {
  "10,000 applications": load(1, { paint: 1000, rows: 1000, key: 50 }),
  "10,000 applications, CPU four times slower": load(4, { paint: 2000, rows: 2000, key: 200 }),

  "1,000 changes a second": async (browser) => {
    const server = await mock(10_000, 1000);
    try {
      const page = await open(browser, `${server.url}/apps?sort=name`);
      await settled(page);
      await page.waitForSelector("[data-at='20']");
      const factor = await slowness(page);
      // Each row says when it was changed: the age when it is drawn is the way from the change to the pixel.
      const got = await page.evaluate(async () => {
        const ages = [];
        const frames = [];
        const known = new Map();
        const grid = document.querySelector(".grid");
        let last = performance.now();
        let on = true;
        let down = 1;
        const frame = (now) => {
          frames.push(now - last);
          last = now;
          for (const row of grid.querySelectorAll("[data-at]")) {
            const m = /seen at (\d+)/.exec(row.textContent);
            if (m && known.get(row.dataset.id) !== m[1]) {
              if (known.has(row.dataset.id)) ages.push(Date.now() - Number(m[1]));
              known.set(row.dataset.id, m[1]);
            }
          }
          if (on) requestAnimationFrame(frame);
        };
        requestAnimationFrame(frame);
        await new Promise((r) => setTimeout(r, 500));
        frames.length = 0;
        ages.length = 0;
        // First still, so that rows change in place.
        await new Promise((r) => setTimeout(r, 5000));
        const still = [...ages];
        const until = performance.now() + 3000;
        frames.length = 0;
        while (performance.now() < until) {
          grid.scrollTop += 40 * down;
          if (grid.scrollTop > 60_000) down = -1;
          await new Promise((r) => requestAnimationFrame(r));
        }
        on = false;
        return { ages: still, frames, heap: performance.memory?.usedJSHeapSize ?? 0, dom: document.querySelectorAll("*").length };
      });
      const told = [];
      assert.ok(got.ages.length > 5, `only ${got.ages.length} changes were seen on the screen`);
      check("change to pixel p95", p95(got.ages), 250, factor, told);
      check("frame p95 while scrolling", p95(got.frames), 60, factor, told);
      check("longest frame", Math.max(...got.frames), 100, factor * 1.5, told);
      assert.ok(got.heap < 100e6, `heap ${got.heap}`);
      assert.ok(got.dom < 3000, `${got.dom} elements`);
      await page.done();
      return { told: `${told.join(", ")} ms; ${got.ages.length} changes seen, heap ${(got.heap / 1e6).toFixed(0)} MB, ${got.dom} elements` };
    } finally {
      server.close();
    }
  },

  "10,000 applications and 1,000 changes a second from the real server": async (browser) => {
    const server = await fakeFleet(10_000, 1000);
    if (!server) return { skip: "no windlass binary: cargo build --release, or set WINDLASS_BIN" };
    try {
      // The link works once: its cookie is kept for the pages that are measured.
      const first = await open(browser, server.link);
      await settled(first);
      const cookies = await first.context().cookies();
      const factor = await slowness(first);
      await first.done();
      const { page, out } = await measure(browser, server.url, 1, cookies);
      const told = [];
      check("rows", out.rows, 1000, factor, told);
      // What changes is on the screen by itself.
      await page.waitForSelector("[data-conn=live]");
      const before = await page.evaluate(() => document.querySelector(".facets")?.textContent);
      await page.waitForFunction((was) => document.querySelector(".facets")?.textContent !== was, before);
      await page.done();
      return { told: `${told.join(", ")} ms` };
    } finally {
      server.close();
    }
  },

  "an application of 2,000 resources": async (browser) => {
    const { startMock } = await import("../mock/main.mjs");
    const server = await startMock();
    server.apps.find((a) => a.name === "web").resources = 2000;
    try {
      const page = await open(browser, `${server.url}/apps/windlass/web`);
      await settled(page);
      const factor = await slowness(page);
      const ms = await page.evaluate(async () => {
        const at = performance.now();
        document.querySelector(".tabs a[href$='/tree']").click();
        while (!document.querySelector(".tree-tab [data-at='10']")) await new Promise((r) => requestAnimationFrame(r));
        return performance.now() - at;
      });
      const dom = await page.evaluate(() => document.querySelectorAll("*").length);
      assert.ok(dom < 3000, `${dom} elements`);
      const told = [];
      check("2,000 resources listed", ms, 500, factor, told);
      await page.done();
      return { told: `${told.join(", ")} ms, ${dom} elements` };
    } finally {
      await server.close();
    }
  },
};
