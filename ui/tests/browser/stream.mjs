// A tab left open is current, or says that it isn't.
import { startMock } from "../mock/main.mjs";
import { assert, open, seen, settled } from "./kit.mjs";

const conn = (page, word) => page.waitForSelector(`[data-conn='${word}']`);
const quiet = ["Failed to load resource", "ERR_"];
const health = (page, name) => page.$eval(`.grid-row:has-text("${name}")`, (r) => r.textContent);

export default {
  "a change is on the screen without a reload": async (browser) => {
    const mock = await startMock();
    try {
      const page = await open(browser, `${mock.url}/apps?sort=name`);
      await conn(page, "live");
      await page.waitForSelector("[data-at='3']");
      mock.change("dns", { health: "Degraded", cause: "the Corefile is broken" });
      await seen(page, "the Corefile is broken");
      assert.match(await health(page, "dns"), /Degraded/);
      await page.done();
    } finally {
      await mock.close();
    }
  },

  "the page of one application follows it": async (browser) => {
    const mock = await startMock();
    try {
      const page = await open(browser, `${mock.url}/apps/windlass/web`);
      await settled(page);
      await conn(page, "live");
      mock.change("web", { sync: "Synced", cause: "" });
      await seen(page, "Everything is as Git says", ".verdict");
      await seen(page, "No difference");
      await page.done();
    } finally {
      await mock.close();
    }
  },

  "a cut stream goes on where it was": async (browser) => {
    const mock = await startMock();
    try {
      const page = await open(browser, `${mock.url}/apps?sort=name`, { quiet });
      await conn(page, "live");
      mock.change("dns", { cause: "before the cut" });
      await seen(page, "before the cut");
      mock.cut();
      mock.change("dns", { cause: "while it was away" });
      await seen(page, "while it was away");
      await conn(page, "live");
      const resumed = mock.state.streams.at(-1);
      assert.ok(resumed.since > mock.state.streams[0].since, "it resumed, it didn't start over");
      await page.done();
    } finally {
      await mock.close();
    }
  },

  "a gap too large is filled by a snapshot": async (browser) => {
    const mock = await startMock();
    try {
      const page = await open(browser, `${mock.url}/apps?sort=name`, { quiet });
      await conn(page, "live");
      mock.apps.find((a) => a.name === "dns").cause = "only in the snapshot";
      mock.forget();
      mock.cut();
      await seen(page, "only in the snapshot");
      await conn(page, "live");
      await page.done();
    } finally {
      await mock.close();
    }
  },

  "a server that is gone leaves the last known state, marked": async (browser) => {
    const mock = await startMock();
    try {
      const page = await open(browser, `${mock.url}/apps/windlass/web`, { quiet });
      await settled(page);
      await conn(page, "live");
      mock.state.down = true;
      mock.cut();
      await conn(page, "offline");
      await seen(page, "last known state");
      await seen(page, "spec.replicas");
      await page.click("nav >> text=Applications");
      await page.waitForSelector("[data-at='3']");
      mock.state.down = false;
      mock.change("web", { cause: "and back again" });
      // It may have come back by itself meanwhile.
      await page.locator("text=Try now").click({ timeout: 1000 }).catch(() => {});
      await conn(page, "live");
      await seen(page, "and back again");
      assert.equal(await page.$(".banner-bad"), null);
      await page.done();
    } finally {
      await mock.close();
    }
  },

  "an ended session asks who it is, and goes on": async (browser) => {
    const mock = await startMock();
    try {
      const page = await open(browser, `${mock.url}/apps?sort=name`, { quiet: [...quiet, "401"] });
      await conn(page, "live");
      mock.expire();
      mock.cut();
      await page.waitForSelector(".login");
      await page.fill("input[type=text]", "alice");
      await page.fill("input[type=password]", "correct");
      await page.keyboard.press("Enter");
      await page.waitForSelector("[data-at='3']");
      await conn(page, "live");
      mock.change("dns", { cause: "after the second log-in" });
      await seen(page, "after the second log-in");
      await page.done();
    } finally {
      await mock.close();
    }
  },

  "updates hold still on demand, and go on": async (browser) => {
    const mock = await startMock();
    try {
      const page = await open(browser, `${mock.url}/apps?sort=name`);
      await conn(page, "live");
      await page.waitForSelector("[data-at='3']");
      await page.click(".conn");
      await conn(page, "paused");
      mock.change("dns", { cause: "not yet" });
      mock.change("web", { cause: "nor this" });
      await page.waitForTimeout(400);
      assert.doesNotMatch(await health(page, "dns"), /not yet/);
      await page.click(".conn");
      await seen(page, "not yet");
      await page.done();
    } finally {
      await mock.close();
    }
  },

  "focus and place stay while rows change": async (browser) => {
    const mock = await startMock({ apps: 2000, deltas: 400 });
    try {
      const page = await open(browser, `${mock.url}/apps?sort=name`);
      await conn(page, "live");
      await page.waitForSelector("[data-at='3']");
      for (let i = 0; i < 40; i++) await page.keyboard.press("j");
      const before = await page.evaluate(() => [document.activeElement.dataset.id, document.querySelector(".grid").scrollTop]);
      await page.waitForTimeout(1500);
      const after = await page.evaluate(() => [document.activeElement.dataset.id, document.querySelector(".grid").scrollTop]);
      assert.deepEqual(after, before);
      assert.ok(before[0]);
      await page.done();
    } finally {
      await mock.close();
    }
  },
};
