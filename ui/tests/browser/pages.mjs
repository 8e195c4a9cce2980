// Every page in both themes: drawn, without an error on the console, clean for axe, usable when narrow.
import { startMock } from "../mock/main.mjs";
import { assert, axe, cutWords, open, seen, settled } from "./kit.mjs";

export const routes = {
  fleet: "/",
  applications: "/apps",
  "applications, nothing found": "/apps?q=nothing-is-called-that",
  overview: "/apps/windlass/web",
  tree: "/apps/windlass/pay-api/tree?node=d",
  "tree as a list": "/apps/windlass/pay-api/tree?mode=list",
  diff: "/apps/windlass/cart/diff?from=deployed",
  timeline: "/apps/windlass/cart/timeline",
  history: "/apps/windlass/cart/history",
  logs: "/apps/windlass/web/logs",
  events: "/apps/windlass/web/events",
  render: "/apps/windlass/web/render?ptr=spec.replicas",
  "application settings": "/apps/windlass/web/settings",
  "application form": "/apps/windlass/web/settings?edit=1",
  "new application": "/apps/new?name=web2&repo=https://git.corp.example/shop/deploy&path=apps/web&namespace=shop",
  drift: "/drift?id=d-88",
  "drift by actor": "/drift?group=actor",
  rollouts: "/rollouts",
  resources: "/resources",
  audit: "/audit",
  clusters: "/clusters",
  projects: "/projects",
  project: "/projects/payments",
  "project form": "/projects/payments?edit=1",
  "new project": "/projects?new=1",
  settings: "/settings",
  keys: "/help/keys",
  "no such page": "/nothing",
};

const each = (theme, only) => async (browser) => {
  const mock = await startMock();
  try {
    const page = await open(browser, null, { theme });
    const told = [];
    for (const [name, path] of Object.entries(routes)) {
      await page.goto(mock.url + path);
      await settled(page);
      assert.match(await page.title(), /Windlass/);
      told.push(...(await axe(page, name, only)));
    }
    assert.deepEqual(told, []);
    await page.done();
  } finally {
    await mock.close();
  }
};

export default {
  "axe is content with every page, light": each("light"),
  // Of what axe looks at only the colours are other ones.
  "axe is content with every page, dark": each("dark", ["color-contrast"]),

  "dialogs, menus and the palette are clean too": async (browser) => {
    const mock = await startMock();
    try {
      const told = [];
      for (const theme of ["light", "dark"]) {
        const page = await open(browser, `${mock.url}/apps/windlass/pay-api`, { theme });
        await settled(page);
        await page.click(".app-actions .btn-primary");
        await page.click("text=Prune");
        await seen(page, "Type to confirm", "dialog");
        told.push(...(await axe(page, "plan")));
        await page.keyboard.press("Escape");
        await page.keyboard.press("Control+k");
        await page.waitForSelector(".palette[open]");
        await page.keyboard.type("web");
        await page.waitForSelector("[role=option]");
        told.push(...(await axe(page, "palette")));
        await page.keyboard.press("Escape");
        await page.click("[aria-label='More actions']");
        told.push(...(await axe(page, "menu")));
        await page.keyboard.press("Escape");
        await page.done();
      }
      assert.deepEqual(told, []);
    } finally {
      await mock.close();
    }
  },

  "log in by name and password, and refused with a reason": async (browser) => {
    const mock = await startMock({ needLogin: true });
    try {
      for (const theme of ["light", "dark"]) {
        const page = await open(browser, `${mock.url}/drift?since=24h`, { theme, quiet: ["401"] });
        await page.waitForSelector(".login");
        assert.deepEqual(await axe(page, "login"), []);
        await page.fill("input[type=text]", "alice");
        await page.fill("input[type=password]", "wrong");
        await page.keyboard.press("Enter");
        await seen(page, "Invalid username or password");
        if (theme === "dark") {
          await page.fill("input[type=password]", "correct");
          await page.keyboard.press("Enter");
          await seen(page, "Drift", "h1");
          assert.match(page.url(), /since=24h/, "back to where one wanted to go");
        }
        await page.done();
      }
    } finally {
      await mock.close();
    }
  },

  "usable at 320 pixels and without scripts": async (browser) => {
    const mock = await startMock();
    try {
      const page = await open(browser, null, { width: 320, height: 640 });
      for (const path of Object.values(routes)) {
        await page.goto(mock.url + path);
        await settled(page);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth);
        assert.ok(wide <= 320, `${path} is ${wide} pixels wide`);
        assert.deepEqual(await cutWords(page), [], `words are cut at 320 pixels on ${path}`);
      }
      const told = [];
      for (const path of ["/", "/apps", "/apps/windlass/web", "/drift"]) {
        await page.goto(mock.url + path);
        await settled(page);
        told.push(...(await axe(page, `${path} at 320`)));
      }
      assert.deepEqual(told, []);
      await page.done();
      const bare = await open(browser, mock.url, { javaScriptEnabled: false });
      await seen(bare, "drawn by scripts").catch(() => {});
      assert.match(await bare.content(), /windlass app list/);
      await bare.done();
    } finally {
      await mock.close();
    }
  },

  "the theme is chosen, kept, and everything a state says has a word": async (browser) => {
    const mock = await startMock();
    try {
      const page = await open(browser, `${mock.url}/apps`);
      await settled(page);
      await page.click("[aria-label='Theme']");
      await page.click("[role=menuitemradio]:has-text('Dark')");
      assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "dark");
      await page.reload();
      await settled(page);
      assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "dark");
      const bare = await page.$$eval(".status", (all) => all.filter((s) => !s.textContent.trim() || !s.querySelector("svg")).length);
      assert.equal(bare, 0);
      await page.done();
    } finally {
      await mock.close();
    }
  },
};
