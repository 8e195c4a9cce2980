// The demo's scenes on the real server: `windlass demo`, watched in a browser.
import { execFile, spawn } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { promisify } from "node:util";
import { assert, axe, open, seen, settled } from "./kit.mjs";

const run = promisify(execFile);

/** WINDLASS_BIN, or the newest of what cargo built here. */
export function binary() {
  if (process.env.WINDLASS_BIN) return process.env.WINDLASS_BIN;
  const target = process.env.CARGO_TARGET_DIR ?? new URL("../../../target", import.meta.url).pathname;
  return ["release", "debug"]
    .map((p) => `${target}/${p}/windlass`)
    .filter((p) => existsSync(p))
    .sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)[0];
}

/** A demo of our own: its link, and its subcommands. */
export async function demo() {
  const bin = binary();
  if (!bin) return null;
  const child = spawn(bin, ["demo", "--port", "0", "--ui-port", "0"], { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, NO_COLOR: "1" } });
  let out = "";
  const ready = new Promise((done, lost) => {
    const more = (d) => {
      out += d;
      if (/app shop\s+Synced, Healthy/.test(out)) done();
    };
    child.stdout.on("data", more);
    child.stderr.on("data", more);
    child.once("exit", (code) => lost(new Error(`windlass demo ended with ${code}:\n${out}`)));
    setTimeout(() => lost(new Error(`windlass demo isn't ready after a minute:\n${out}`)), 60_000).unref();
  });
  await ready;
  const link = /dashboard\s+ready\s+(\S+)/.exec(out)?.[1];
  const kubeconfig = /KUBECONFIG=(\S+)/.exec(out)?.[1];
  assert.ok(link && kubeconfig, out);
  return {
    link,
    url: new URL(link).origin,
    do: (what) => run(bin, ["demo", what, "--kubeconfig", kubeconfig]),
    end: () =>
      new Promise((done) => {
        child.removeAllListeners("exit");
        child.once("exit", done);
        child.kill("SIGINT");
      }),
  };
}

const missing = { skip: "no windlass binary: cargo build --release, or set WINDLASS_BIN" };

export default {
  "the four scenes, seen live": async (browser) => {
    const d = await demo();
    if (!d) return missing;
    try {
      const page = await open(browser, d.link);
      page.setDefaultTimeout(20_000);
      await settled(page);
      assert.equal(new URL(page.url()).search, "", "the link's token is gone from the address");
      // 1: deployed from Git.
      await seen(page, "Nothing needs you");
      await seen(page, "Simulated workloads");
      await page.keyboard.press("g");
      await page.keyboard.press("a");
      await page.waitForSelector(".grid-row:has-text('shop'):has-text('Healthy'):has-text('Synced')");

      // 2: changed by hand, healed, with a name.
      await page.goto(`${d.url}/drift`);
      await seen(page, "No drift");
      await page.waitForSelector("[data-conn=live]");
      await d.do("break");
      await page.waitForSelector(".grid-row:has-text('spec.replicas'):has-text('healed')");
      await page.click("[data-at='0']");
      await seen(page, "verified identity", ".node-card");

      // 3: a bad commit goes back by itself and is held.
      await page.goto(`${d.url}/apps/argocd/shop`);
      await settled(page);
      await d.do("push-bad");
      await seen(page, "ImagePullBackOff", ".verdict");
      await seen(page, "is held by", ".notices");
      await page.waitForFunction(() => document.querySelector(".verdict-words")?.textContent.includes("Healthy"));
      await seen(page, "web:broken", ".diff");
      await page.click("nav >> text=Fleet");
      await seen(page, "One thing needs you");
      await page.click("nav >> text=Rollouts");
      await seen(page, "Rolled back");

      // 4: the trail, and a fix.
      await page.click("nav >> text=Audit");
      for (const word of ["rollback", "hold", "heal", "drift", "sync"]) await page.waitForSelector(`.grid-row:has-text('${word}')`);
      await page.goto(`${d.url}/apps/argocd/shop`);
      await settled(page);
      await d.do("push-fix");
      await page.waitForFunction(() => !document.querySelector(".notices")?.textContent.includes("is held by"));
      await page.waitForFunction(() => /Healthy.*Synced/s.test(document.querySelector(".verdict-words")?.textContent ?? ""));
      await page.done();
    } finally {
      await d.end();
    }
  },

  "plan, sync, pause, hold and roll back by hand": async (browser) => {
    const d = await demo();
    if (!d) return missing;
    try {
      const page = await open(browser, d.link);
      page.setDefaultTimeout(20_000);
      await d.do("release");
      await page.goto(`${d.url}/apps/argocd/myapp-production/history`);
      await page.waitForSelector(".attempt:has-text('1.1.0')");
      await page.waitForFunction(() => /Healthy.*Synced/s.test(document.querySelector(".verdict-words")?.textContent ?? ""));
      const back = page.locator(".attempt:not(.current) .btn:not([aria-disabled])").first();
      await back.click();
      await page.fill("dialog .field input", "seen in a test");
      await page.click("dialog .dialog-foot .btn-danger");
      await seen(page, "is held by", ".notices");
      await page.click("text=Lift hold…");
      await page.fill("dialog .field input", "and back");
      await page.click("dialog .dialog-foot .btn-primary");
      await page.waitForFunction(() => !document.querySelector(".notices")?.textContent.includes("is held by"));

      await page.click("[aria-label='More actions']");
      await page.click("[role=menuitem]:has-text('Pause automation')");
      await page.fill("dialog .field input", "migration");
      await page.keyboard.press("Enter");
      await seen(page, "Automation is paused by", ".notices");
      await page.click("text=Resume automation");
      await page.waitForFunction(() => !document.querySelector(".notices")?.textContent.includes("is paused by"));

      await page.click("text=Sync…");
      await page.waitForFunction(() => !document.querySelector("dialog .btn-primary[aria-disabled]") && document.querySelector("dialog .plan-waves"));
      await page.click("dialog .dialog-foot .btn-primary");
      await page.waitForSelector("dialog", { state: "detached" });
      await page.goto(`${d.url}/audit`);
      await seen(page, "seen in a test");
      await page.done();
    } finally {
      await d.end();
    }
  },

  "every page of the real server, under axe": async (browser) => {
    const d = await demo();
    if (!d) return missing;
    try {
      const page = await open(browser, d.link);
      await d.do("break");
      const told = [];
      const absent = [];
      const tabs = ["", "tree", "tree?mode=list", "diff", "timeline", "history", "logs", "events", "render", "settings"];
      for (const path of ["/", "/apps", "/drift", "/rollouts", "/resources", "/audit", "/clusters", "/projects", "/settings", ...tabs.map((t) => `/apps/argocd/shop/${t}`)]) {
        await page.goto(d.url + path);
        await settled(page);
        const error = await page.evaluate(() => document.querySelector("[role=alert]")?.textContent ?? "");
        // What this server can't answer yet is named, not failed.
        if (error.startsWith("Not Found")) absent.push(path);
        else if (error) told.push(`${path}: ${error}`);
        told.push(...(await axe(page, path)));
      }
      assert.deepEqual(told, []);
      page.wrong = page.wrong.filter((w) => !absent.length || !w.includes("404"));
      await page.done();
      return absent.length ? { told: `not answered by this server: ${absent.join(", ")}` } : {};
    } finally {
      await d.end();
    }
  },

  "a used link leads to a page that says so": async (browser) => {
    const d = await demo();
    if (!d) return missing;
    try {
      const first = await open(browser, d.link);
      await settled(first);
      await first.done();
      const second = await open(browser, d.link, { quiet: ["401"] });
      await second.waitForSelector(".login");
      await seen(second, "used already");
      await second.done();
    } finally {
      await d.end();
    }
  },

  "a server that has ended leaves the last known state, marked": async (browser) => {
    const d = await demo();
    if (!d) return missing;
    let running = true;
    try {
      const page = await open(browser, d.link, { quiet: ["Failed to load resource", "ERR_"] });
      await settled(page);
      await page.goto(`${d.url}/apps/argocd/shop`);
      await settled(page);
      await page.waitForSelector("[data-conn=live]");
      await d.end();
      running = false;
      await page.waitForSelector("[data-conn=offline]");
      await seen(page, "last known state");
      await seen(page, "Deployment", ".outline");
      await page.done();
    } finally {
      if (running) await d.end();
    }
  },
};
