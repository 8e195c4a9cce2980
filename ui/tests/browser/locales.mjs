// Longer words, accents, and a screen from right to left: nothing is cut, nothing sticks out.
import { startMock } from "../mock/main.mjs";
import { assert, cutWords, open, seen, settled } from "./kit.mjs";
import { routes } from "./pages.mjs";

const sizes = [
  { width: 1440, height: 900 },
  { width: 390, height: 800 },
];

const every = (locale) => async (browser) => {
  const mock = await startMock();
  try {
    const told = [];
    for (const size of sizes) {
      const page = await open(browser, null, size);
      await page.addInitScript((l) => localStorage.setItem("windlass.locale", l), locale);
      for (const [name, path] of Object.entries(routes)) {
        await page.goto(mock.url + path);
        await settled(page);
        const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        if (over > 0) told.push(`${name} at ${size.width}: sticks out by ${over} pixels`);
        for (const word of await cutWords(page)) told.push(`${name} at ${size.width}: cut: ${word}`);
      }
      assert.equal(await page.evaluate(() => document.documentElement.lang), locale);
      await page.done();
    }
    assert.equal(told.join("\n"), "");
  } finally {
    await mock.close();
  }
};

export default {
  "words 40 % longer fit on every page": every("en-XA"),
  "from right to left": every("ar-XB"),

  "a query is no word: saved views and filters work in every language": async (browser) => {
    const mock = await startMock();
    try {
      const page = await open(browser, null);
      await page.addInitScript(() => localStorage.setItem("windlass.locale", "ar-XB"));
      await page.goto(`${mock.url}/apps?q=health:degraded`);
      await settled(page);
      await page.waitForSelector("[data-at='0']");
      assert.equal(await page.locator("[data-at]").count(), 1);
      await seen(page, "pay-api");
      await page.done();
    } finally {
      await mock.close();
    }
  },
};
