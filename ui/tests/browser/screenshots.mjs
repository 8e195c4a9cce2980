// Takes the pictures of docs/screenshots again: `npm run screenshots`. A made-up fleet, and one picture of the real demo.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { startMock } from "../mock/main.mjs";
import { demo } from "./demo.mjs";
import { launch, open, seen, settled } from "./kit.mjs";

const to = new URL("../../../docs/screenshots/", import.meta.url).pathname;
mkdirSync(to, { recursive: true });
const size = { width: 1360, height: 850 };

const shots = [
  { name: "fleet", path: "/", theme: "light", apps: 10_000 },
  { name: "applications", path: "/apps?q=cluster:prod-* health:!healthy", theme: "dark", apps: 10_000, before: (p) => p.waitForSelector("[data-at='5']") },
  { name: "application", path: "/apps/windlass/web", theme: "light", apps: 24 },
  { name: "tree", path: "/apps/windlass/pay-api/tree?node=p0", theme: "dark", apps: 24, before: (p) => p.waitForSelector(".node") },
  { name: "diff", path: "/apps/windlass/cart/diff?from=deployed", theme: "light", apps: 24, before: (p) => seen(p, "missing in the cluster") },
  {
    name: "plan",
    path: "/apps/windlass/pay-api",
    theme: "dark",
    apps: 24,
    before: async (p) => {
      await p.click("text=Sync…");
      await p.click("dialog >> text=Prune");
      await seen(p, "Type to confirm", "dialog");
      await p.evaluate(() => document.activeElement?.blur());
    },
  },
  { name: "drift", path: "/drift?id=d-88", theme: "light", apps: 24, before: (p) => p.waitForSelector(".node-card") },
  { name: "rollouts", path: "/rollouts", theme: "dark", apps: 400, before: (p) => p.waitForSelector(".rollout") },
];

const browser = await launch();
for (const s of shots) {
  const mock = await startMock({ apps: s.apps });
  const page = await open(browser, mock.url + s.path, { theme: s.theme, ...size });
  await settled(page);
  await s.before?.(page);
  await page.waitForSelector("[data-conn=live]");
  await page.screenshot({ path: join(to, `${s.name}.png`) });
  await page.done();
  await mock.close();
  console.log(s.name);
}
const d = await demo();
if (d) {
  const page = await open(browser, d.link, size);
  await settled(page);
  await d.do("break");
  await d.do("push-bad");
  await page.goto(`${d.url}/apps/argocd/shop`);
  await seen(page, "is held by", ".notices");
  await page.waitForFunction(() => document.querySelector(".verdict-words")?.textContent.includes("Healthy"));
  await settled(page);
  await page.screenshot({ path: join(to, "demo-rolled-back.png") });
  await page.done();
  await d.end();
  console.log("demo-rolled-back");
} else console.log("skipped: demo-rolled-back needs a windlass binary");
await browser.close();
