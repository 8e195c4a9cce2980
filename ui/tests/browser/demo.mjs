// The demo's scenes on the real server: `windlass demo`, watched in a browser.
import { execFile, spawn } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import * as http from "node:http";
import * as https from "node:https";
import { promisify } from "node:util";
import { assert, axe, open, seen, settled } from "./kit.mjs";
import { check, median, p95, slowness } from "./measure.mjs";

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

/** Writes to the cluster as kubectl would: a merge patch. */
function kubectl(kubeconfig) {
  const { clusters, users } = JSON.parse(readFileSync(kubeconfig, "utf8"));
  const [{ cluster }, { user }] = [clusters[0], users[0]];
  const decoded = (text) => text && Buffer.from(text, "base64");
  const keys = { ca: decoded(cluster["certificate-authority-data"]), cert: decoded(user["client-certificate-data"]), key: decoded(user["client-key-data"]) };
  return (path, patch) =>
    new Promise((done, lost) => {
      const url = new URL(path, cluster.server);
      const headers = { "Content-Type": "application/merge-patch+json", ...(user.token ? { Authorization: `Bearer ${user.token}` } : {}) };
      const { request } = url.protocol === "https:" ? https : http;
      const req = request(url, { method: "PATCH", headers, ...(url.protocol === "https:" ? keys : {}) }, (res) => {
        res.resume();
        res.on("end", () => (res.statusCode === 200 ? done() : lost(new Error(`PATCH ${path}: ${res.statusCode}`))));
      });
      req.on("error", lost);
      req.end(JSON.stringify(patch));
    });
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
    patch: kubectl(kubeconfig),
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

  "an application and a project are made, changed and deleted by their forms": async (browser) => {
    const d = await demo();
    if (!d) return missing;
    try {
      const page = await open(browser, d.link, { quiet: ["400", "409"] });
      await settled(page);
      const field = (label) => page.locator(`.field:has(> span:text-matches("^${label}")) input`).first();
      const save = async () => {
        await page.click("text=Review the changes");
        await page.click("dialog >> text=/^Save$/");
        await page.waitForSelector("dialog", { state: "detached" });
      };
      // A project for one team: from everywhere, to one namespace.
      await page.goto(`${d.url}/projects?new=1`);
      await field("Name").fill("team");
      await page.click("[aria-label^='Add: Repositories']");
      await page.fill("[aria-label='Repositories it may deploy from 1']", "http://127.0.0.1:*/git/*");
      await page.fill("[aria-label='Namespace 1']", "team-*");
      await page.click("[aria-label^='Add: Cluster-wide kinds that are allowed']");
      await page.fill("[aria-label='Kind 1'] >> nth=0", "Namespace");
      await page.click("text=Add a role");
      await field("Role").fill("ci");
      await page.fill("[aria-label='Policies 1']", "p, proj:team:ci, applications, sync, team/*, allow");
      await save();
      await page.waitForURL("**/projects/team");
      await seen(page, "proj:team:ci");
      // An application of it, not where it may go, then where it may.
      const source = await page.evaluate(async () => (await (await fetch("/api/v1/applications/shop")).json()).spec.source.repoURL);
      await page.goto(`${d.url}/apps/new?name=second&project=team&path=.&namespace=elsewhere&repo=${encodeURIComponent(source)}`);
      await seen(page, "do not match any of the allowed destinations", ".preview");
      await field("Namespace").fill("team-a");
      await seen(page, "Deployment", ".preview");
      await page.click("text=Automatic sync");
      await page.click("text=Make the namespace");
      await page.click("text=Create and deploy");
      await page.waitForURL("**/apps/argocd/second");
      await page.waitForFunction(() => /Healthy.*Synced/s.test(document.querySelector(".verdict-words")?.textContent ?? ""));

      // Another policy; then somebody else is faster.
      await page.goto(`${d.url}/apps/argocd/second/settings?edit=1`);
      await page.click("text=Self-heal");
      await save();
      await seen(page, "self-heal", ".app-head");
      await page.goto(`${d.url}/apps/argocd/second/settings?edit=1`);
      await page.click("text=Prune last");
      await d.patch("/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/second", { spec: { revisionHistoryLimit: 5 } });
      await page.click("text=Review the changes");
      await page.click("dialog >> text=/^Save$/");
      await seen(page, "changed since you looked", "dialog");
      await page.click("dialog >> text=Load what is there now");
      await page.waitForSelector("dialog", { state: "detached" });
      await page.waitForSelector(".editor-foot:has-text('Nothing is changed yet')");
      await page.click("text=Prune last");
      await save();

      // Both go.
      await page.goto(`${d.url}/apps/argocd/second`);
      await settled(page);
      await page.click("[aria-label='More actions']");
      await page.click("text=Delete application…");
      await page.fill("dialog .field input >> nth=0", "was a test");
      await page.fill("dialog .field-danger input", "second");
      await page.click("dialog .btn-danger");
      await page.waitForURL((u) => u.pathname === "/apps");
      await page.waitForFunction(() => document.querySelector("[data-at='0']") && !document.querySelector(".grid").textContent.includes("second"));
      await page.goto(`${d.url}/projects/team?edit=1`);
      await page.click("text=Delete project…");
      await page.fill("dialog .field input >> nth=0", "was a test");
      await page.fill("dialog .field-danger input", "team");
      await page.click("dialog .btn-danger");
      await page.waitForURL((u) => u.pathname === "/projects" && u.search === "");
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

  "a change in the cluster is on the screen": async (browser) => {
    const d = await demo();
    if (!d) return missing;
    try {
      const page = await open(browser, d.link);
      await settled(page);
      // Nobody heals: what kubectl writes stays, and is told.
      await d.patch("/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/shop", { spec: { syncPolicy: { automated: { selfHeal: false } } } });
      await page.goto(`${d.url}/apps`);
      await page.waitForSelector("[data-conn=live]");
      await page.waitForSelector("[data-at='1']");
      const factor = await slowness(page);
      await page.evaluate(() => {
        window.seenAt = {};
        const look = () => {
          const m = /replicas is (\d+)/.exec(document.querySelector(".grid")?.textContent ?? "");
          if (m) window.seenAt[m[1]] ??= Date.now();
          requestAnimationFrame(look);
        };
        look();
      });
      const took = [];
      for (let n = 11; n < 23; n++) {
        const at = Date.now();
        await d.patch("/apis/apps/v1/namespaces/shop/deployments/web", { spec: { replicas: n } });
        await page.waitForFunction((k) => window.seenAt[k], n);
        took.push((await page.evaluate((k) => window.seenAt[k], n)) - at);
      }
      const told = [];
      // The first one is how it comes out of sync at all.
      check("write to pixel, median", median(took.slice(1)), 250, factor, told);
      check("p95", p95(took.slice(1)), 250, factor, told);
      await page.done();
      return { told: `${told.join(", ")} ms; slowness ${factor.toFixed(2)}` };
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
