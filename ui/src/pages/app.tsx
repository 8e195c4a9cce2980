// One application: what is the matter with it, in a sentence, and everything that proves it.
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Button, Chip, CommitLine, copyText, ErrorNote, look, Note, Since, Skeleton, Status, WebLink, webLinks } from "../parts/basic";
import { Icon } from "../parts/icon";
import { Menu } from "../parts/menu";
import { toast } from "../parts/toast";
import { appPath } from "../lib/api";
import { repoName, short } from "../lib/format";
import { useKeys } from "../lib/keys";
import { useFetch, useTopic } from "../lib/live";
import { listHref, term } from "../lib/query";
import { appHref, go, setParams } from "../lib/router";
import { favourites, toggleFavourite } from "../lib/preferences";
import { t } from "../strings";
import type { Overview } from "../wire";
import { actions } from "./app/actions";
import { activeHolds, Notices } from "./app/notices";
import { TabOverview } from "./app/overview";

export type TabProps = { app: { ns: string; name: string }; o: Overview };
const tabs = ["", "tree", "diff", "timeline", "history", "logs", "events", "render", "settings"] as const;
/** Tabs that are read rather than used: they scroll by key. */
const reading: ReadonlySet<string> = new Set(["timeline", "history", "events", "settings", "diff"]);
type TabName = (typeof tabs)[number];
const lazy: Record<Exclude<TabName, "">, () => Promise<{ default: ComponentType<TabProps> }>> = {
  tree: () => import("./app/tree"),
  diff: () => import("./app/diff"),
  timeline: () => import("./app/timeline"),
  history: () => import("./app/history"),
  logs: () => import("./app/logs"),
  events: () => import("./app/events"),
  render: () => import("./app/render"),
  settings: () => import("./app/settings"),
};
const loadedTabs = new Map<string, ComponentType<TabProps>>();

function Tab({ name, ...p }: TabProps & { name: TabName }) {
  const [, again] = useState(0);
  useEffect(() => {
    if (!name || loadedTabs.has(name)) return;
    void lazy[name]().then((m) => {
      loadedTabs.set(name, m.default);
      again((n) => n + 1);
    });
  }, [name]);
  if (!name) return <TabOverview {...p} />;
  const T = loadedTabs.get(name);
  return T ? <T {...p} /> : <Skeleton rows={8} />;
}

/** The worse of both words gives the band its colour. */
function tone(o: Overview): string {
  const h = look("health", o.state.health)[1];
  const s = look("sync", o.state.sync)[1];
  if (activeHolds(o).length && h !== "bad") return "hold";
  const order = ["bad", "warn", "hold", "run", "mute", "ok"];
  return order.indexOf(h) <= order.indexOf(s) ? h : s;
}

/** Links of the installation's own, such as a runbook, that stand beside the name; the rest is in the menu. */
const linksShown = 3;

export default function AppPage({ parts }: { parts: readonly string[] }) {
  const app = { ns: parts[0] ?? "", name: parts[1] ?? "" };
  const tab = (tabs as readonly string[]).includes(parts[2] ?? "") ? ((parts[2] ?? "") as TabName) : "";
  useTopic(`app:${app.ns}/${app.name}`);
  const f = useFetch<Overview>(appPath(app.name, "overview"), { appNamespace: app.ns }, { app });
  const o = f.data;
  const act = actions(app, o);
  const key = `${app.ns}/${app.name}`;
  const at = tabs.indexOf(tab);
  const href = (name: string) => appHref(app, name);

  useKeys(
    () => [
      ...tabs.map((name, i) => ({ key: String(i + 1), what: t.keys.tab(t.tabs[name] ?? ""), run: () => go(href(name)) })),
      { key: "]", what: t.keys.nextTab, run: () => go(href(tabs[(at + 1) % tabs.length] ?? "")) },
      { key: "[", what: t.keys.prevTab, run: () => go(href(tabs[(at + tabs.length - 1) % tabs.length] ?? "")) },
      { key: "s", what: t.keys.sync, run: () => (o?.can.sync ? act.sync() : toast(t.no.sync, "warn")) },
      { key: "r", what: t.keys.refresh, run: () => act.refresh(false) },
      { key: "b", what: t.keys.rollback, run: act.rollback },
      { key: "l", what: t.keys.logs, run: () => go(href("logs")) },
      { key: "e", what: t.keys.events, run: () => go(href("events")) },
      { key: "y", what: t.keys.manifest, run: () => go(href("render")) },
      { key: "d", what: t.keys.diff, run: () => go(href("diff")) },
      { key: "w", what: t.keys.why, run: () => document.getElementById("why")?.focus() },
      { key: "c", what: t.keys.copyLink, run: () => void copyText(location.href).then(() => toast(t.copied)) },
      { key: "f", what: t.keys.favourite, run: () => toggleFavourite(key) },
      { key: "Escape", what: t.keys.back, run: () => (location.search.includes("node=") ? setParams({ node: "" }) : go("/apps")) },
    ],
    [app.ns, app.name, tab, o],
  );

  if (!o)
    return (
      <div class="page">
        {f.error ? (
          <>
            <h1 class="page-head">{app.name}</h1>
            <ErrorNote error={f.error} retry={f.reload} />
            <p class="muted gap-top">{f.error.status === 403 ? t.app.absent : ""}</p>
          </>
        ) : (
          <Skeleton rows={10} height={40} />
        )}
      </div>
    );

  const star = favourites.value.has(key);
  const source = o.sources[0];
  const links = webLinks(o.links);
  const fine = o.state.sync === "Synced" && o.state.health === "Healthy";
  const more = [
    { label: t.act.refreshHard, icon: "refresh" as const, run: () => act.refresh(true) },
    {
      label: t.act.hold,
      icon: "lock" as const,
      hint: o.revision ? t.hold.hint(short(o.revision.id)) : "",
      no: !o.can.rollback ? t.no.rollback : o.revision ? undefined : t.hold.nothing,
      run: act.hold,
    },
    o.paused
      ? { label: t.act.resume, icon: "play" as const, no: o.can.update ? undefined : t.no.update, run: act.resume }
      : { label: t.act.pause, icon: "pause" as const, no: o.can.update ? undefined : t.no.update, run: act.pause },
    { label: star ? t.act.unstar : t.act.star, icon: "star" as const, key: "f", run: () => toggleFavourite(key) },
    { label: t.act.copyLink, icon: "link" as const, key: "c", run: () => void copyText(location.href).then(() => toast(t.copied)) },
    ...(links.length > linksShown ? [null] : []),
    ...links.slice(linksShown).map((l) => ({ label: l.title, icon: "external" as const, run: () => void window.open(l.url, "_blank", "noopener") })),
    null,
    { label: t.act.remove, icon: "close" as const, danger: true, no: o.can.delete ? undefined : t.no.delete, run: act.remove },
  ];

  return (
    <div class="app page-fill">
      <header class="app-head">
        <div class="app-title">
          <p class="crumbs">
            <a href="/apps">{t.nav.apps}</a>
            <span aria-hidden="true">/</span>
            <a href={`/projects/${encodeURIComponent(o.project)}`}>{o.project}</a>
            <span aria-hidden="true">/</span>
            <a href={listHref(term("cluster", o.cluster))}>{o.cluster}</a>
            <span class="faint">
              {t.app.into} {o.destNs || "–"}
            </span>
          </p>
          <div class="line wrap">
            <h1>{o.name}</h1>
            {star && <Icon name="star" size={14} cls="star" />}
            <span class="chips">
              {o.auto.enabled ? (
                <Chip icon="sync" title={t.app.autoTitle(o.auto.prune, o.auto.selfHeal)}>
                  {t.app.auto}
                  {o.auto.selfHeal && ` + ${t.app.heal}`}
                </Chip>
              ) : (
                <Chip>{t.app.manual}</Chip>
              )}
              {o.windows
                .filter((w) => w.active)
                .map((w) => (
                  <Chip key={w.text} icon="history">
                    {w.text}
                  </Chip>
                ))}
              {source && (
                <span class="faint trunc mono source" title={`${source.repo} ${source.path || source.chart}`}>
                  {repoName(source.repo)}
                  {source.path && source.path !== "." && `/${source.path}`}
                  {source.chart && ` ${source.chart}`} @ {source.targetRevision || "HEAD"}
                </span>
              )}
              {links.slice(0, linksShown).map((l) => (
                <WebLink key={l.url} {...l} />
              ))}
            </span>
          </div>
        </div>
        <div class="app-actions">
          <Button
            kind={o.state.sync === "OutOfSync" && !activeHolds(o).length ? "primary" : "plain"}
            icon="sync"
            no={o.can.sync ? undefined : t.no.sync}
            onClick={act.sync}
          >
            {t.act.syncPlan}
          </Button>
          <Button icon="undo" no={o.can.rollback ? undefined : t.no.rollback} onClick={act.rollback}>
            {t.act.rollback}
          </Button>
          <Button icon="refresh" label={t.act.refresh} onClick={() => act.refresh(false)} />
          <Menu label={t.act.more} icon="more" items={more} />
        </div>
      </header>

      <section class={`verdict verdict-${tone(o)}`} aria-label={t.app.why} id="why" tabIndex={-1}>
        <div class="verdict-words">
          <Status kind="health" word={o.state.health} />
          <Status kind="sync" word={o.state.sync} />
          <span class="faint">
            {t.app.since} <Since at={o.state.since} />
          </span>
        </div>
        <div class="verdict-text">
          {o.state.cause ? <p class="verdict-cause">{o.state.cause}</p> : fine && <p class="verdict-cause">{t.app.fine}</p>}
          {o.state.next && (
            <p class="verdict-next">
              <Icon name="right" size={12} /> {o.state.next}
            </p>
          )}
        </div>
        <div class="verdict-rev">
          {o.revision && (
            <div class="line">
              <span class="faint verdict-label">{t.app.deployed}</span>
              <CommitLine commit={o.revision} />
            </div>
          )}
          {o.wants && o.wants.id !== o.revision?.id && (
            <div class="line">
              <span class="faint verdict-label">{t.app.wants}</span>
              <CommitLine commit={o.wants} />
            </div>
          )}
        </div>
      </section>
      <div class="notices">
        {f.error && (
          <Note tone="bad" icon="alert">
            <p>
              {t.app.stale} <Since at={f.at / 1000} ago />: {f.error.message}
            </p>
          </Note>
        )}
        <Notices o={o} act={act} />
      </div>

      <nav class="tabs" aria-label={t.app.tabs}>
        {tabs.map((name, i) => (
          <a key={name} href={href(name)} aria-current={name === tab ? "page" : undefined} title={`${t.tabs[name] ?? ""} (${i + 1})`}>
            {t.tabs[name]}
            {name === "diff" && o.counts.outOfSync > 0 && <span class="tab-count">{o.counts.outOfSync}</span>}
          </a>
        ))}
      </nav>
      <div class={`tab-body tab-${tab || "overview"}`} {...(reading.has(tab) ? { tabIndex: 0, role: "region", "aria-label": t.tabs[tab] } : {})}>
        <Tab name={tab} app={app} o={o} />
      </div>
    </div>
  );
}
