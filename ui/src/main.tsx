// Starts the dashboard: session, routes, stream.
import { effect } from "@preact/signals";
import { render, type ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Empty, Skeleton } from "./parts/basic";
import { planAsked, reasonAsked } from "./parts/plan-host";
import { Shell } from "./parts/shell";
import { startClock } from "./lib/format";
import { listenKeys } from "./lib/keys";
import { begin } from "./lib/live";
import { listen, path } from "./lib/router";
import { enter, phase } from "./lib/session";
import { t } from "./strings";

type Page = ComponentType<{ parts: readonly string[] }>;
type Route = { title: () => string; load: () => Promise<{ default: Page }> };

const routes: Record<string, Route> = {
  // Who is logged in has nothing to do there.
  login: { title: () => t.nav.fleet, load: () => import("./pages/fleet") },
  "": { title: () => t.nav.fleet, load: () => import("./pages/fleet") },
  apps: { title: () => t.nav.apps, load: () => import("./pages/apps") },
  new: { title: () => t.apps.new, load: () => import("./pages/newapp") },
  app: { title: () => t.nav.apps, load: () => import("./pages/app") },
  drift: { title: () => t.nav.drift, load: () => import("./pages/drift") },
  rollouts: { title: () => t.nav.rollouts, load: () => import("./pages/rollouts") },
  resources: { title: () => t.nav.resources, load: () => import("./pages/resources") },
  audit: { title: () => t.nav.audit, load: () => import("./pages/audit") },
  clusters: { title: () => t.nav.clusters, load: () => import("./pages/clusters") },
  projects: { title: () => t.nav.projects, load: () => import("./pages/projects") },
  settings: { title: () => t.nav.settings, load: () => import("./pages/settings") },
  help: { title: () => t.nav.keys, load: () => import("./pages/help") },
};

const loaded = new Map<string, Page>();

function find(at: string): { key: string; parts: string[] } {
  const parts = at.split("/").filter(Boolean).map(decodeURIComponent);
  const first = parts[0] ?? "";
  // `/applications/NS/NAME` is Argo CD's address of the same page: its links keep working.
  if (first === "applications") parts[0] = "apps";
  if (parts[0] === "apps" && parts[1] === "new" && parts.length === 2) return { key: "new", parts: [] };
  if (parts[0] === "apps" && parts.length >= 3) return { key: "app", parts: parts.slice(1) };
  return { key: parts[0] ?? "", parts: parts.slice(1) };
}

function Routed() {
  const { key, parts } = find(path.value);
  const [, again] = useState(0);
  const route = routes[key];
  const page = loaded.get(key);
  const [broken, setBroken] = useState(false);

  useEffect(() => {
    if (!route) {
      document.title = `${t.notFound} · Windlass`;
      return;
    }
    const name = key === "app" ? `${parts[1] ?? ""}${parts[2] ? ` · ${t.tabs[parts[2]] ?? parts[2]}` : ""}` : route.title();
    document.title = `${name} · Windlass`;
    if (loaded.has(key)) return;
    setBroken(false);
    route
      .load()
      .then((m) => {
        loaded.set(key, m.default);
        again((n) => n + 1);
      })
      .catch(() => setBroken(true));
  }, [key, path.value]);

  if (!route)
    return (
      <div class="page">
        <h1 class="sr">{t.notFound}</h1>
        <Empty icon="search" title={t.notFound}>
          <a class="link" href="/apps">
            {t.nav.apps}
          </a>
        </Empty>
      </div>
    );
  if (broken)
    return (
      <div class="page">
        <Empty icon="alert" title={t.chunkLost}>
          <a class="link" href={path.value} target="_self" onClick={() => location.reload()}>
            {t.reload}
          </a>
        </Empty>
      </div>
    );
  if (!page)
    return (
      <div class="page">
        <Skeleton rows={8} />
      </div>
    );
  const P = page;
  return <P parts={parts} />;
}

/** The dialogs' code comes when one is asked for first. */
function DialogHost() {
  const [Dialogs, set] = useState<ComponentType | null>(null);
  const asked = planAsked.value !== null || reasonAsked.value !== null;
  useEffect(() => {
    if (asked && !Dialogs) void import("./parts/plan").then((m) => set(() => m.Dialogs));
  }, [asked]);
  return Dialogs ? <Dialogs /> : null;
}

function Root() {
  const [Login, setLogin] = useState<ComponentType | null>(null);
  const at = phase.value;
  useEffect(() => {
    if (at === "login") void import("./pages/login").then((m) => setLogin(() => m.default));
    if (at === "unreachable") {
      const timer = setInterval(() => void enter(), 3000);
      return () => clearInterval(timer);
    }
    return undefined;
  }, [at]);
  if (at === "login") return Login ? <Login /> : null;
  if (at === "unreachable")
    return (
      <main class="alone">
        <Empty icon="alert" title={t.unreachable}>
          {t.unreachableNext}
        </Empty>
      </main>
    );
  if (at === "starting") return null;
  return (
    <Shell>
      <Routed />
      <DialogHost />
    </Shell>
  );
}

startClock();
listen();
listenKeys();
effect(() => {
  if (phase.value === "in") void begin();
});
void enter();
// The page's code comes while the session is asked for.
const first = routes[find(location.pathname).key];
void first?.load().catch(() => {});
const root = document.getElementById("root");
if (root) render(<Root />, root);
