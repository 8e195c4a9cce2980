// Without a mouse: everything that matters.
import { startMock } from "../mock/main.mjs";
import { assert, focused, open, seen, settled } from "./kit.mjs";

const keys = async (page, ...list) => {
  for (const k of list) await page.keyboard.press(k);
};
const name = (page) => page.evaluate(() => document.activeElement?.querySelector(".cell-name")?.textContent?.trim() ?? "");

export default {
  "from the fleet to a synced application": async (browser) => {
    const mock = await startMock();
    try {
      const page = await open(browser, mock.url);
      await settled(page);
      await keys(page, "g", "a");
      await page.waitForURL("**/apps");
      await settled(page);
      await page.waitForSelector("[data-at='3']");
      await keys(page, "j");
      const first = await name(page);
      assert.ok(first, "j goes to the list");
      await keys(page, "j", "j", "k");
      assert.notEqual(await name(page), first);
      await keys(page, "/");
      await page.keyboard.type("name:web ");
      await keys(page, "Enter");
      await page.waitForFunction(() => document.querySelectorAll("[data-at]").length === 1);
      await keys(page, "j", "Enter");
      await page.waitForURL("**/apps/windlass/web");
      await settled(page);
      await seen(page, "spec.replicas");
      await keys(page, "s");
      await seen(page, "Change", "dialog");
      await page.waitForFunction(() => !document.querySelector("dialog .btn-primary[aria-disabled]"));
      for (let i = 0; i < 12 && !/^Sync$/.test(await focused(page)); i++) await keys(page, "Tab");
      await keys(page, "Enter");
      await seen(page, "Synced", ".verdict");
      assert.equal(mock.log.at(-1).path, "applications/web/sync");
      await page.done();
    } finally {
      await mock.close();
    }
  },

  "tabs, tree, help, back": async (browser) => {
    const mock = await startMock();
    try {
      const page = await open(browser, `${mock.url}/apps/windlass/pay-api`);
      await settled(page);
      await keys(page, "2");
      await page.waitForURL("**/tree");
      await page.waitForSelector(".node");
      await page.focus(".node[tabindex='0']");
      await keys(page, "ArrowDown", "ArrowRight");
      await page.waitForFunction(() => document.activeElement?.getAttribute("role") === "treeitem");
      await keys(page, "ArrowLeft", "Enter");
      await page.waitForSelector(".node-card");
      await keys(page, "Escape");
      await page.waitForSelector(".node-card", { state: "detached" });
      await keys(page, "]");
      await page.waitForURL("**/diff");
      await keys(page, "[", "[");
      await page.waitForURL("**/pay-api");
      await keys(page, "?");
      await page.waitForURL("**/help/keys");
      await seen(page, "Next row");
      await page.goBack();
      await page.waitForURL("**/pay-api");
      await page.done();
    } finally {
      await mock.close();
    }
  },

  "mark with x and Shift, then one plan for all": async (browser) => {
    const mock = await startMock();
    try {
      const page = await open(browser, `${mock.url}/apps?sort=name`);
      await settled(page);
      await page.waitForSelector("[data-at='3']");
      await keys(page, "j", "x", "j", "j", "Shift+Space");
      await seen(page, "3 marked");
      await keys(page, "s");
      await seen(page, "Sync 3 applications", "dialog");
      await keys(page, "Escape");
      await page.waitForSelector("dialog", { state: "detached" });
      assert.match(await focused(page), /./, "the focus comes back");
      await keys(page, "Escape");
      await page.waitForSelector(".actionbar", { state: "detached" });
      await page.done();
    } finally {
      await mock.close();
    }
  },

  "Ctrl-K finds applications and pages": async (browser) => {
    const mock = await startMock();
    try {
      const page = await open(browser, mock.url);
      await settled(page);
      await keys(page, "Control+k");
      await page.waitForSelector(".palette[open]");
      await page.keyboard.type("pay-a");
      await seen(page, "pay-api", ".palette");
      await keys(page, "Enter");
      await page.waitForURL("**/pay-api");
      await keys(page, "Control+k");
      await page.waitForSelector(".palette[open]");
      await page.keyboard.type("audit");
      await seen(page, "Audit", ".palette");
      await keys(page, "Enter");
      await page.waitForURL("**/audit");
      await page.done();
    } finally {
      await mock.close();
    }
  },

  "j, k and Enter work in every list": async (browser) => {
    const mock = await startMock();
    try {
      const page = await open(browser, `${mock.url}/drift`);
      await settled(page);
      await page.waitForSelector("[data-at='3']");
      await keys(page, "j", "j", "k", "j", "Enter");
      await page.waitForSelector(".node-card");
      const id = await page.evaluate(() => document.activeElement?.dataset.id);
      assert.match(page.url(), new RegExp(`id=${id}`));
      await page.goto(`${mock.url}/audit`);
      await page.waitForSelector("[data-at='3']");
      await keys(page, "j", "j", "Enter");
      await page.waitForURL("**/timeline");
      await page.done();
    } finally {
      await mock.close();
    }
  },

  "single keys can be switched off": async (browser) => {
    const mock = await startMock();
    try {
      const page = await open(browser, `${mock.url}/settings`);
      await settled(page);
      await page.focus("label.pref input");
      await keys(page, "Space");
      await page.evaluate(() => document.activeElement.blur());
      await keys(page, "g", "a");
      await page.keyboard.press("Control+k");
      await page.waitForSelector(".palette");
      assert.match(page.url(), /settings/);
      await page.done();
    } finally {
      await mock.close();
    }
  },
};
