// Every application: one query, facets with counts, a table that holds still.
import { effect, signal } from "@preact/signals";
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { Button, copyText, Empty, NoApps, Skeleton } from "../parts/basic";
import { Facets, type Facet } from "../parts/facets";
import { Grid, type Column, type GridApi } from "../parts/grid";
import { Icon } from "../parts/icon";
import { Menu } from "../parts/menu";
import { QueryBox } from "../parts/querybox";
import { announce, toast } from "../parts/toast";
import { change, appPath } from "../lib/api";
import { now } from "../lib/format";
import { useKeys } from "../lib/keys";
import { paused, rowsChanged, setPaused } from "../lib/live";
import { appColumns, isOn, parse, toggle } from "../lib/query";
import { appHref, go, param, replace, search, setParams } from "../lib/router";
import { mayShare, saveViews, sharedViews, shareViews, toggleFavourite, views } from "../lib/preferences";
import { facetKeys, store, type SortKey, type View } from "../lib/store";
import { openPlan } from "../parts/plan-host";
import { t } from "../strings";
import { Cells } from "./apps/cells";

// The sentence is what one comes for: it has the most room, and in narrow windows a line of its own below the name.
const columns: readonly Column[] = [
  { key: "mark", title: "", width: "36px" },
  { key: "name", title: t.col.name, width: "minmax(150px, 1.5fr)", sortable: true },
  { key: "health", title: t.col.health, width: "118px", sortable: true },
  { key: "sync", title: t.col.sync, width: "112px", sortable: true, from: 480 },
  { key: "cause", title: t.col.cause, width: "minmax(170px, 5fr)", from: 620 },
  { key: "project", title: t.col.project, width: "minmax(72px, .6fr)", sortable: true, from: 1080 },
  { key: "cluster", title: t.col.cluster, width: "minmax(80px, .7fr)", sortable: true, from: 780 },
  { key: "rev", title: t.col.rev, width: "76px", from: 960 },
  { key: "drift", title: t.col.drift, width: "56px", sortable: true, end: true, from: 1180 },
  { key: "since", title: t.col.since, width: "64px", sortable: true, end: true, from: 400 },
];
/** Narrower than this, the sentence stands below the name. */
const causeFrom = 620;
const tall = { below: causeFrom, height: 50 };

/** Moves of rows are shown at most this often; what a row says is shown at once. */
const settleMs = 1000;
const urlMs = 400;
const facetsMs = 80;

const text = signal("");

function values(key: string): readonly string[] {
  const column = { ns: "ns", project: "project", cluster: "cluster", dest: "destNs", repo: "repo", sync: "sync", health: "health" }[key];
  return column ? [...store.words(column as "ns")].sort() : [];
}

const toggleFacet = (key: string, word: string): void => {
  text.value = toggle(text.peek(), key, word);
};

const facetTitle: Record<string, string> = {
  health: t.col.health,
  sync: t.col.sync,
  is: t.col.state,
  cluster: t.col.cluster,
  project: t.col.project,
};

export default function Apps() {
  const api = useRef<GridApi | null>(null);
  const [view, setView] = useState<View | null>(null);
  const anchor = useRef(-1);
  /** Narrow windows show the facets on demand. */
  const [rail, setRail] = useState(false);
  const sort = { key: (param("sort").replace("-", "") || "worst") as SortKey, down: param("sort").startsWith("-") };
  const sortKey = param("sort");
  const q = text.value;
  const query = useMemo(() => parse(q, appColumns), [q]);

  // The address decides; what is being typed reaches it a moment later.
  const known = useRef<string | null>(null);
  useLayoutEffect(() => {
    const fromUrl = param("q");
    if (fromUrl === known.current) return;
    known.current = fromUrl;
    text.value = fromUrl;
  }, [search.value]);
  useEffect(() => {
    if (q === param("q")) return;
    const timer = setTimeout(() => {
      known.current = q;
      setParams({ q });
    }, urlMs);
    return () => clearTimeout(timer);
  }, [q]);

  // A new query is answered at once, changes of the fleet at most once a second.
  const computeNow = () => setView(store.view(query, sort, now.peek()));
  const asked = useMemo(() => (store.loaded.value ? store.view(query, sort, now.peek()) : null), [q, sortKey, store.loaded.value]);
  useEffect(() => setView(null), [q, sortKey]);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let last = Date.now();
    let first = true;
    const off = effect(() => {
      void store.shape.value;
      if (first) {
        first = false;
        return;
      }
      timer ??= setTimeout(
        () => {
          timer = undefined;
          last = Date.now();
          computeNow();
        },
        Math.max(0, settleMs - (Date.now() - last)),
      );
    });
    return () => {
      off();
      clearTimeout(timer);
    };
  }, [q, sortKey]);

  const shown = view ?? asked;
  const ids = shown?.ids ?? new Int32Array(0);
  const at = (n: number): number => ids[n] ?? -1;
  const cells = useCallback((n: number, shownColumns: readonly Column[]) => <Cells i={ids[n] ?? -1} columns={shownColumns} />, [ids]);
  // The rows first: the counts follow when the typing rests.
  const [counted, setCounted] = useState<View | null>(null);
  useEffect(() => {
    const timer = setTimeout(() => setCounted(shown), counted ? facetsMs : 0);
    return () => clearTimeout(timer);
  }, [shown]);
  useEffect(() => {
    if (shown && q) announce(t.apps.found(ids.length));
  }, [q]);

  // Readers hear a sum, at most once in five seconds.
  useEffect(() => {
    let changed = 0;
    return rowsChanged.on((k) => {
      changed += k;
      announce(t.apps.changed(changed), () => (changed = 0));
    });
  }, []);

  const marked = store.marked.value;
  const mark = (n: number, range: boolean) => {
    const uid = store.uid[at(n)] ?? "";
    if (range && anchor.current >= 0) {
      const next = new Set(store.marked.peek());
      for (let k = Math.min(anchor.current, n); k <= Math.max(anchor.current, n); k++) next.add(store.uid[at(k)] ?? "");
      store.marked.value = next;
    } else store.mark(uid, !marked.has(uid));
    anchor.current = n;
  };
  /** What a command is about: what is marked, or the row of the cursor. */
  const subjects = (): number[] => {
    const some = [...store.marked.peek()].map((u) => store.find(u)).filter((i) => i >= 0);
    if (some.length) return some;
    const i = at(api.current?.current() ?? -1);
    return i >= 0 ? [i] : [];
  };
  const sync = () => {
    const rows = subjects().map((i) => store.row(i));
    if (rows.length) openPlan({ apps: rows.map((r) => ({ ns: r.ns, name: r.name })) });
  };
  const refresh = () => {
    const rows = subjects().map((i) => store.row(i));
    if (!rows.length) return;
    void Promise.allSettled(
      rows.map((r) => change("POST", appPath(r.name, "refresh"), { appNamespace: r.ns }, { hard: false })),
    ).then((all) => {
      const failed = all.filter((x) => x.status === "rejected");
      const why = failed[0]?.status === "rejected" ? String((failed[0].reason as Error).message) : "";
      toast(failed.length ? t.apps.refreshFailed(failed.length, why) : t.apps.refreshed(rows.length), failed.length ? "bad" : "ok");
    });
  };
  const open = (n: number, tab = "") => {
    const i = at(n);
    if (i >= 0) go(appHref(store.row(i), tab));
  };
  const cursor = () => api.current?.current() ?? -1;

  useKeys(
    () => [
      { key: "x", what: t.keys.mark, run: () => cursor() >= 0 && mark(cursor(), false) },
      { key: "s", what: t.keys.sync, run: sync },
      { key: "r", what: t.keys.refresh, run: refresh },
      { key: "l", what: t.keys.logs, run: () => open(cursor(), "logs") },
      { key: "e", what: t.keys.events, run: () => open(cursor(), "events") },
      { key: "b", what: t.keys.rollback, run: () => open(cursor(), "history") },
      {
        key: "f",
        what: t.keys.favourite,
        run: () => {
          const i = at(cursor());
          if (i >= 0) toggleFavourite(`${store.text("ns", i)}/${store.name[i] ?? ""}`);
        },
      },
      { key: "c", what: t.keys.copyLink, run: () => void copyText(location.href).then(() => toast(t.copied)) },
      { key: "p", what: t.keys.pauseUpdates, run: () => setPaused(!paused.peek()) },
      { key: "Escape", what: t.keys.clear, run: () => (store.marked.value = new Set()) },
    ],
    [ids],
  );

  const facets: Facet[] = useMemo(() => facetKeys.map((key) => {
    const all = [...(counted?.facets[key] ?? new Map<string, number>())];
    // A value that is switched on stays in sight, even when nothing has it.
    for (const term of query.terms)
      if (term.kind === "column" && term.key === key)
        for (const v of term.values)
          if (!v.not && v.op === "is" && !v.text.includes("*") && !all.some(([w]) => w.toLowerCase() === v.text)) all.push([v.text, 0]);
    if (key === "cluster" || key === "project") all.sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
    return { key, title: facetTitle[key] ?? key, values: all.map(([word, n]) => ({ word, count: n, on: isOn(query, key, word) })) };
  }), [counted, q]);

  const setSort = (key: string) => {
    const next = sort.key !== key ? key : sort.down ? "" : `-${key}`;
    setParams({ sort: next });
  };

  if (!store.loaded.value)
    return (
      <div class="page">
        <Skeleton rows={16} />
      </div>
    );

  const total = store.total.value;
  return (
    <div class="apps page-fill">
      <h1 class="sr">{t.nav.apps}</h1>
      <div class="toolbar">
        <QueryBox
          id="apps-query"
          value={q}
          onInput={(v) => (text.value = v)}
          columns={appColumns}
          values={values}
          label={t.apps.queryLabel}
          placeholder={t.apps.queryHint}
          result={q ? t.apps.of(ids.length, total) : t.apps.all(total)}
        />
        <span class="only-narrow">
          <Button icon="list" label={t.apps.facets} expanded={rail} pressed={rail} onClick={() => setRail(!rail)} />
        </span>
        <Menu
          label={t.apps.views}
          icon="star"
          align="end"
          items={[
            ...t.apps.standardViews.map(([name, s]) => ({ label: name, icon: "filter" as const, run: () => replace(`/apps${s}`) })),
            ...(sharedViews.value.length ? [null] : []),
            ...sharedViews.value.map((v) => ({ label: v.name, icon: "user" as const, hint: t.apps.shared, run: () => replace(`/apps${v.search}`) })),
            ...(views.value.length ? [null] : []),
            ...views.value.map((v) => ({ label: v.name, icon: "star" as const, run: () => replace(`/apps${v.search}`) })),
            null,
            {
              label: t.apps.saveView,
              icon: "plus" as const,
              no: search.value ? undefined : t.apps.saveViewEmpty,
              run: () => {
                saveViews([...views.peek().filter((v) => v.search !== search.peek()), { name: q || sortKey, search: search.peek() }]);
                toast(t.apps.viewSaved);
              },
            },
            {
              label: t.apps.shareView,
              icon: "user" as const,
              no: search.value ? (mayShare.value ? undefined : t.no.share) : t.apps.saveViewEmpty,
              run: () =>
                void shareViews([...sharedViews.peek().filter((v) => v.search !== search.peek()), { name: q || sortKey, search: search.peek() }]).then(
                  () => toast(t.apps.viewShared),
                  (e: unknown) => toast(e instanceof Error ? e.message : String(e), "bad"),
                ),
            },
          ]}
        >
          <span class="hide-sm">{t.apps.views}</span>
        </Menu>
        <a class="btn btn-plain" href="/apps/new" aria-label={t.apps.new} title={t.apps.new}>
          <Icon name="plus" size={14} />
          <span class="hide-sm">{t.apps.new}</span>
        </a>
      </div>
      <div class={`apps-body${rail ? " rail" : ""}`}>
        <Facets facets={facets} toggle={toggleFacet} />
        <Grid
          label={t.apps.grid}
          columns={columns}
          tall={tall}
          count={ids.length}
          id={(n) => store.uid[at(n)] ?? String(n)}
          cells={cells}
          open={(n, e) => {
            if (e instanceof MouseEvent && (e.metaKey || e.ctrlKey)) window.open(appHref(store.row(at(n))));
            else open(n);
          }}
          mark={mark}
          marked={(id) => marked.has(id)}
          sort={sort}
          onSort={setSort}
          api={api}
          empty={
            total === 0 ? (
              <NoApps />
            ) : (
              <Empty icon="search" title={t.apps.noMatch}>
                <Button onClick={() => (text.value = "")}>{t.query.clear}</Button>
              </Empty>
            )
          }
        />
      </div>
      {marked.size > 0 && (
        <div class="actionbar" role="region" aria-label={t.apps.selection}>
          <strong class="num">{t.apps.marked(marked.size)}</strong>
          <Button kind="primary" icon="sync" onClick={sync}>
            {t.act.syncPlan}
          </Button>
          <Button icon="refresh" onClick={refresh}>
            {t.act.refresh}
          </Button>
          <Button kind="ghost" icon="close" onClick={() => (store.marked.value = new Set())}>
            {t.apps.clearMarks}
          </Button>
        </div>
      )}
    </div>
  );
}
