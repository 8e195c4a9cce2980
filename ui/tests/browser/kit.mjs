// What the browser tests share: one Chromium, pages that fail on any console error, axe, a few verbs.
import { AxeBuilder } from "@axe-core/playwright";
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { chromium } from "playwright-core";

export { assert };

const found = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((p) => p && existsSync(p));

export async function launch() {
  if (!found) throw new Error("no Chromium: apt-get install -y --no-install-recommends chromium, or set CHROMIUM");
  // Without the sandbox only because CI runs as root.
  return chromium.launch({ executablePath: found, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
}

/** A page that notes everything that went wrong in it. */
export async function open(browser, url, { theme = "light", width = 1440, height = 900, quiet = [], ...more } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: theme, reducedMotion: "reduce", timezoneId: "UTC", ...more });
  const page = await context.newPage();
  // Long: it ends what would never come, and must not end what a busy machine does slowly.
  page.setDefaultTimeout(30_000);
  page.wrong = [];
  page.on("console", (m) => {
    if (m.type() === "error" && !quiet.some((q) => m.text().includes(q))) page.wrong.push(m.text());
  });
  page.on("pageerror", (e) => page.wrong.push(e.stack ?? String(e)));
  if (url) await page.goto(url);
  page.done = async () => {
    await context.close();
    assert.deepEqual(page.wrong, [], "errors on the console");
  };
  return page;
}

/** Words of the page that are cut off, without an ellipsis that says so. */
export function cutWords(page) {
  return page.evaluate(() => {
    const out = [];
    for (const el of document.querySelectorAll("main *, nav *, header *, dialog *")) {
      if (![...el.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim())) continue;
      const style = getComputedStyle(el);
      const box = el.getBoundingClientRect();
      if (!box.width || !box.height || style.visibility === "hidden" || el.closest(".sr, datalist, select, .mono, .grid-body, pre")) continue;
      // What ends in an ellipsis says so, and has its text in full on hover or in its page.
      const says = (e) => getComputedStyle(e).textOverflow === "ellipsis" || ["auto", "scroll"].includes(getComputedStyle(e).overflowX);
      if (el.scrollWidth > el.clientWidth + 1 && style.overflowX === "visible" && style.display !== "inline")
        out.push(`${el.className || el.tagName} runs over its edge: ${el.textContent.trim().slice(0, 50)}`);
      if (el.scrollWidth > el.clientWidth + 1 && style.overflowX !== "visible" && !says(el)) out.push(`${el.className || el.tagName}: ${el.textContent.trim().slice(0, 50)}`);
      // Cut by a box around it.
      for (let up = el.parentElement; up && up !== document.body; up = up.parentElement) {
        const s = getComputedStyle(up);
        if (s.overflowX === "visible") continue;
        const b = up.getBoundingClientRect();
        if ((box.left < b.left - 1 || box.right > b.right + 1) && !says(up)) out.push(`${el.className || el.tagName} in ${up.className}: ${el.textContent.trim().slice(0, 50)}`);
        break;
      }
    }
    return [...new Set(out)];
  });
}

/** Waits until nothing is loading any more. */
export async function settled(page) {
  await page.waitForFunction(() => document.querySelector("h1, .login, .empty") && !document.querySelector("[aria-busy=true]"));
}

/** `only` some rules, or all of WCAG 2.2 AA and what is good practice. */
export async function axe(page, what, only) {
  const axe = new AxeBuilder({ page });
  const { violations } = await (only ? axe.withRules(only) : axe.withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"])).analyze();
  const told = violations.map((v) => `${v.id} (${v.impact}): ${v.nodes.slice(0, 3).map((n) => `${n.target.join(" ")} ${n.failureSummary?.split("\n")[1]?.trim() ?? ""}`).join(" | ")}`);
  return told.map((v) => `${what}: ${v}`);
}

export async function seen(page, text, scope = "body") {
  await page.waitForFunction(([t, s]) => document.querySelector(s)?.textContent.includes(t), [text, scope]).catch(() => {
    throw new Error(`“${text}” isn’t on the screen (${scope}) of ${page.url()}`);
  });
}

export const focused = (page) => page.evaluate(() => document.activeElement?.textContent?.trim().slice(0, 200) ?? "");
