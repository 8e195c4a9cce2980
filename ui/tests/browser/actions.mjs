// What changes something: the plan first, friction with the blast radius, reasons recorded.
import { startMock } from "../mock/main.mjs";
import { assert, open, seen, settled } from "./kit.mjs";
import { Flag } from "../mock/fleet.mjs";

const with_ = (path, run, options = {}) => async (browser) => {
  const mock = await startMock(options);
  try {
    const page = await open(browser, mock.url + path, options);
    await settled(page);
    await run(page, mock);
    await page.done();
  } finally {
    await mock.close();
  }
};
/** Clicks also what is marked as not usable: it has to say why. */
const press = (page, what) => page.click(what, { force: true });
const run = (page) => press(page, "dialog .dialog-foot .btn-primary, dialog .dialog-foot .btn-danger");

export default {
  "what deletes much must be typed": with_("/apps/windlass/pay-api", async (page, mock) => {
    await page.click("text=Sync…");
    await seen(page, "Change", "dialog");
    await page.click("dialog >> text=Prune");
    await seen(page, "Type to confirm", "dialog");
    await run(page);
    await seen(page, "to confirm.");
    assert.equal(mock.log.length, 0);
    await page.fill("dialog .field-danger input", "pay-api");
    await page.fill("dialog .field:not(.field-danger) input", "clean up");
    await run(page);
    await page.waitForSelector("dialog", { state: "detached" });
    const { body } = mock.log[0];
    assert.equal(body.prune, true);
    assert.equal(body.windlass.reason, "clean up");
    assert.ok(body.windlass.planDigest);
  }),

  "single objects are picked from the plan": with_("/apps/windlass/pay-api", async (page, mock) => {
    await page.click("text=Sync…");
    await seen(page, "api-flags", "dialog");
    await page.uncheck("dialog [aria-label*='Deployment']");
    await seen(page, "Only 1 object", "dialog");
    await run(page);
    await page.waitForSelector("dialog", { state: "detached" });
    assert.deepEqual(mock.log[0].body.resources, [{ group: "", kind: "ConfigMap", namespace: "payments", name: "api-flags" }]);
  }),

  "a closed window says so and opens with a reason only": with_("/apps/windlass/ledger-db", async (page, mock) => {
    await page.click("text=Sync…");
    await seen(page, "freeze", "dialog");
    await run(page);
    assert.equal(mock.log.length, 0);
    await page.click("dialog >> text=Override the sync window");
    await run(page);
    assert.equal(mock.log.length, 0, "no reason, no override");
    await page.fill("dialog .field input", "incident 4711");
    await run(page);
    await page.waitForSelector("dialog", { state: "detached" });
    assert.equal(mock.log[0].body.windlass.overrideWindow, true);
  }),

  "a hold is lifted with a reason": with_("/apps/windlass/cart", async (page, mock) => {
    await seen(page, "is held by");
    await page.click("text=Lift hold…");
    await page.fill("dialog .field input", "fixed upstream");
    await run(page);
    await page.waitForFunction(() => !document.querySelector(".notices")?.textContent.includes("is held by"));
    assert.equal(mock.log[0].method, "DELETE");
    assert.match(mock.log[0].q.revision, /^9f8e7d6/);
  }),

  "pause and resume are seen at once": with_("/apps/windlass/web", async (page, mock) => {
    await page.click("[aria-label='More actions']");
    await page.click("[role=menuitem]:has-text('Pause automation')");
    await page.click("dialog >> text=4h");
    await page.fill("dialog .field input", "migration");
    await page.keyboard.press("Enter");
    await seen(page, "Automation is paused by");
    assert.ok(Date.parse(mock.log[0].body.until) > Date.now() + 3 * 3600_000);
    await page.click("text=Resume automation");
    await page.waitForFunction(() => !document.querySelector(".notices")?.textContent.includes("is paused by"));
  }),

  "back to an attempt, with a reason": with_("/apps/windlass/cart/history", async (page, mock) => {
    await page.waitForSelector(".attempt");
    await press(page, ".attempt:has-text('#48') >> text=Roll back…");
    await seen(page, "can’t be taken back");
    assert.equal(await page.$("dialog"), null);
    await page.click(".attempt:has-text('#47') >> text=Roll back…");
    await seen(page, "is held until a newer commit", "dialog");
    await page.fill("dialog .field input", "incident");
    await run(page);
    await page.waitForSelector("dialog", { state: "detached" });
    assert.deepEqual([mock.log[0].path, mock.log[0].body.id, mock.log[0].body.windlass.reason], ["applications/cart/rollback", 47, "incident"]);
  }),

  "any two attempts are compared": with_("/apps/windlass/cart/history", async (page) => {
    await page.click(".attempt:has-text('#46') input");
    await page.click(".attempt:has-text('#48') input");
    await page.click("text=Compare two");
    await page.waitForURL("**/diff?from=*&to=9f8e7d6*");
    await seen(page, "spec.template.spec.containers[0].image");
  }),

  "an object's actions, with their parameter and a reason": with_("/apps/windlass/web/tree?node=d", async (page, mock) => {
    await page.click("text=Live manifest");
    await seen(page, "kind: Deployment", ".manifest");
    await page.click("[aria-label='Actions']");
    await page.click("[role=menuitem]:has-text('Scale')");
    await page.fill("dialog .field input >> nth=0", "5");
    await page.fill("dialog .field input >> nth=1", "more load");
    await page.keyboard.press("Enter");
    await page.waitForSelector("dialog", { state: "detached" });
    const { body } = mock.log[0];
    assert.deepEqual([body.action, body.resourceName, body.resourceActionParameters[0].value, body.windlass.reason], ["scale", "api", "5", "more load"]);
  }),

  "a token is shown once, and revoked with a reason": with_("/settings", async (page, mock) => {
    await page.click("[aria-label='New token of ci']");
    await seen(page, "made-up-token");
    await page.click("text=Revoke…");
    await page.fill("dialog .field input", "leaked");
    await run(page);
    await page.waitForSelector("dialog", { state: "detached" });
    assert.deepEqual(mock.log.map((x) => `${x.method} ${x.path}`), ["POST account/ci/token", "DELETE account/ci/token/5f1c2"]);
  }),

  "what one may not do stays in sight and says why": async (browser) => {
    const mock = await startMock();
    mock.change("web", { flags: Flag.auto });
    try {
      const page = await open(browser, `${mock.url}/apps/windlass/web`);
      await settled(page);
      await press(page, "text=Sync…");
      await seen(page, "You may not sync this application");
      assert.equal(await page.$("dialog"), null);
      await page.done();
    } finally {
      await mock.close();
    }
  },

  "facets narrow down, the address keeps everything": with_("/apps", async (page, mock) => {
    await page.click(".facet-row:has-text('Degraded')");
    await page.waitForFunction(() => location.search.includes("health"));
    assert.equal(await page.inputValue("#apps-query"), "health:degraded");
    await page.click(".facet-row:has-text('Healthy')");
    await page.click(".head-button:has-text('Name')");
    await page.waitForFunction(() => location.search.includes("sort=name") && decodeURIComponent(location.search).includes("degraded,healthy"));
    const rows = await page.getAttribute(".grid", "aria-rowcount");
    await page.reload();
    await page.waitForSelector("[data-at='2']");
    assert.equal(await page.getAttribute(".grid", "aria-rowcount"), rows);
    const names = await page.$$eval("[data-at] .cell-name a", (a) => a.map((x) => x.textContent));
    assert.deepEqual(names, [...names].sort());
    assert.ok(mock.apps.length + 1 > Number(rows));
  }),

  "the drift ledger filters, groups and explains": with_("/drift", async (page) => {
    await page.waitForSelector("[data-at='3']");
    await page.click("[data-at='0']");
    await seen(page, "verified identity", ".node-card");
    await page.fill("[aria-label='actor']", "helm");
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => location.search.includes("actor=helm"));
    await page.waitForFunction(() => [...document.querySelectorAll("[data-at]")].every((r) => r.textContent.includes("helm")));
    await page.fill("[aria-label='actor']", "");
    await page.keyboard.press("Enter");
    await page.selectOption("[aria-label='Group']", "field");
    await seen(page, "spec.replicas", ".table");
  }),

  "an absent application and a forbidden one look the same": with_("/apps/windlass/absent", async (page) => {
    await seen(page, "permission denied");
    await seen(page, "you may not see it");
    page.wrong = page.wrong.filter((w) => !w.includes("403"));
  }),
};
