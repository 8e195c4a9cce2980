// Making and changing applications and projects: what would happen is seen before, and nobody's change is overwritten.
import { startMock } from "../mock/main.mjs";
import { assert, open, seen, settled } from "./kit.mjs";

const at = (path, run) => async (browser) => {
  const mock = await startMock();
  try {
    const page = await open(browser, mock.url + path, { quiet: ["409", "400"] });
    await settled(page);
    await run(page, mock);
    await page.done();
  } finally {
    await mock.close();
  }
};
const field = (page, label) => page.locator(`.field:has(> span:text-matches("^${label}")) input`).first();
const posts = (mock, method, path) => mock.log.filter((l) => l.method === method && l.path === path);

export default {
  "an application is made, with its plan beside the form": at("/apps", async (page, mock) => {
    await page.click("[aria-label='New application']");
    await seen(page, "Still needed");
    await field(page, "Name").fill("brand-new");
    await field(page, "Repository").fill("https://git.corp.example/shop/forbidden");
    await field(page, "Path").fill("apps/web");
    await field(page, "Namespace").fill("shop");
    await seen(page, "is not permitted in project", ".preview");
    await field(page, "Repository").fill("https://git.corp.example/shop/deploy");
    await seen(page, "Deployment", ".preview");
    await page.click(".preview >> text=Rendered");
    await page.click(".preview summary >> text=Deployment");
    await seen(page, "kind: Deployment", ".preview");
    await page.click("text=Automatic sync");
    await page.click("text=Make the namespace");
    await page.click(".preview >> text=YAML");
    await seen(page, "- CreateNamespace=true", ".preview");
    await page.click("text=Create and deploy");
    await page.waitForURL("**/brand-new");
    const [made] = posts(mock, "POST", "applications");
    assert.deepEqual(made.body.spec, {
      project: "default",
      source: { repoURL: "https://git.corp.example/shop/deploy", path: "apps/web" },
      destination: { server: "https://kubernetes.default.svc", namespace: "shop" },
      syncPolicy: { automated: {}, syncOptions: ["CreateNamespace=true"] },
    });
  }),

  "a chart with values, a second source, another cluster": at("/apps/new?name=chart", async (page) => {
    await page.click("text=Helm chart");
    await field(page, "Repository").fill("https://charts.example.com");
    await field(page, "Chart").fill("redis");
    await field(page, "Version").fill("1.2.3");
    await page.fill("textarea", "replicas: 2");
    await page.click("text=Another source");
    await page.locator(".segmented >> text=Only for its files").nth(1).click();
    await field(page, "Cluster").fill("prod-eu-1");
    await page.click(".preview >> text=YAML");
    for (const line of ["chart: redis", "values: \"replicas: 2\"", "ref: values", "name: prod-eu-1"]) await seen(page, line, ".preview");
  }),

  "a name that is taken is said before anything is sent": at("/apps/new?name=web&repo=https://x.example/y&path=.&namespace=x", async (page, mock) => {
    await seen(page, "There is an application web already");
    await page.click("text=/^Create$/", { force: true });
    assert.equal(posts(mock, "POST", "applications").length, 0);
  }),

  "settings are changed after a look at the difference": at("/apps/windlass/web/settings", async (page, mock) => {
    await page.click(".panel >> text=Edit…");
    await page.click("text=Self-heal");
    await page.click("text=Review the changes");
    await seen(page, "selfHeal: true", "dialog");
    await seen(page, "deployed at once", "dialog");
    // Somebody else is faster.
    mock.state.conflict = true;
    await page.click("dialog >> text=/^Save$/");
    await seen(page, "changed since you looked", "dialog");
    mock.state.conflict = false;
    await page.click("dialog >> text=Load what is there now");
    await page.waitForSelector("dialog", { state: "detached" });
    await seen(page, "Nothing is changed yet", ".editor-foot");
    await page.click("text=Self-heal");
    await page.click("text=Review the changes");
    await page.click("dialog >> text=/^Save$/");
    await seen(page, "The application is changed");
    const body = posts(mock, "PUT", "applications/web").at(-1).body;
    assert.equal(body.metadata.resourceVersion, "7");
    assert.deepEqual(body.metadata.labels, { team: "search" });
    assert.deepEqual(body.spec.syncPolicy, { automated: { prune: true, selfHeal: true }, syncOptions: ["CreateNamespace=true"] });
  }),

  "a project is edited: destinations, roles, a token shown once, a window": at("/projects/payments", async (page, mock) => {
    await page.click("text=Edit…");
    await page.click("[aria-label^='Add: Where it may deploy']");
    await page.fill("[aria-label='Cluster name 3']", "prod-us-1");
    await seen(page, "needs a server or a cluster", ".editor-foot");
    await page.fill("[aria-label='Namespace 3']", "pay");
    // A token belongs to a role that is saved.
    await seen(page, "Save the role first.");
    await page.click("text=Add a window");
    await page.locator(".field:has(> span:text-matches('^Begins')) input").last().fill("0 8 * * 1");
    await page.locator(".field:has(> span:text-matches('^Lasts')) input").last().fill("2h");
    await page.click("text=Review the changes");
    await seen(page, "prod-us-1", "dialog");
    await page.click("dialog >> text=/^Save$/");
    await page.waitForURL((u) => u.search === "");
    const { project } = posts(mock, "PUT", "projects/payments")[0].body;
    assert.equal(project.metadata.resourceVersion, "7");
    assert.deepEqual(project.spec.destinations.at(-1), { name: "prod-us-1", namespace: "pay" });
    assert.deepEqual(project.spec.syncWindows.at(-1), { kind: "deny", schedule: "0 8 * * 1", duration: "2h", applications: ["*"] });
    await page.click("text=Edit…");
    await page.click("[aria-label='New token of role deployer']");
    await seen(page, "made-up-token");
    await page.click("text=I have it");
    await page.waitForFunction(() => !document.body.textContent.includes("made-up-token"));
  }),

  "links to other places are told, only those a browser may follow": async (browser) => {
    const mock = await startMock();
    try {
      const page = await open(browser, `${mock.url}/apps/windlass/web/tree?node=d`);
      await settled(page);
      const href = (title) => page.getAttribute(`a:has-text("${title}")`, "href");
      assert.equal(await href("Runbook"), "https://runbooks.corp.example/web");
      assert.equal(await href("Dashboard"), "https://grafana.corp.example/d/deploy");
      await page.goto(`${mock.url}/projects/payments`);
      assert.equal(await href("Team page"), "https://wiki.corp.example/payments");
      assert.equal(await page.locator("a:has-text('Bad')").count(), 0);
      await page.done();
    } finally {
      await mock.close();
    }
  },

  "favourites and views are kept for the person, and shared": async (browser) => {
    const mock = await startMock();
    try {
      const page = await open(browser, `${mock.url}/apps?q=web`);
      await settled(page);
      await page.waitForSelector("[data-at='0']");
      await page.keyboard.press("j");
      await page.keyboard.press("f");
      await page.click("[aria-label='Views']");
      await page.click("text=Save this view");
      await page.click("[aria-label='Views']");
      await page.click("text=Share this view");
      await seen(page, "Everybody has this view now");
      await page.done();
      // Another browser of the same person.
      const other = await open(browser, `${mock.url}/apps`);
      await settled(other);
      await other.waitForSelector(".icon.star");
      await other.click("[aria-label='Views']");
      assert.deepEqual(await other.locator("[role=menuitem]:has-text('web')").count(), 2);
      await other.click("text=payments, not healthy");
      await other.waitForURL("**project:payments**");
      await other.click("[aria-label='Views']");
      await other.click("text=Favourites");
      await other.waitForFunction(() => document.querySelectorAll("[data-at]").length === 1);
      await other.done();
    } finally {
      await mock.close();
    }
  },

  "who may not change a project sees why": at("/projects/ledger", async (page, mock) => {
    await page.waitForSelector(".page-head .btn[aria-disabled]");
    await page.click("text=Edit…", { force: true });
    await seen(page, "You may not change this project");
    assert.equal(mock.log.length, 0);
  }),
};
