// Objects of all applications: which application has this pod, this image, this kind.
import { useEffect, useState } from "preact/hooks";
import { Empty, Status } from "../parts/basic";
import { Cell, Grid, type Column } from "../parts/grid";
import { Filter, ListPage, More, usePages } from "../parts/list";
import { appHref, go, param, setParams } from "../lib/router";
import { t } from "../strings";
import type { ResourcePage, ResourceRow } from "../wire";

const columns: readonly Column[] = [
  { key: "kind", title: t.col.kind, width: "minmax(110px, .8fr)" },
  { key: "name", title: t.col.name, width: "minmax(150px, 2fr)" },
  { key: "ns", title: t.col.namespace, width: "minmax(90px, .8fr)", from: 760 },
  { key: "app", title: t.col.app, width: "minmax(100px, 1fr)", from: 480 },
  { key: "cluster", title: t.col.cluster, width: "minmax(90px, .8fr)", from: 900 },
  { key: "health", title: t.col.health, width: "124px", from: 560 },
  { key: "sync", title: t.col.sync, width: "116px", from: 680 },
  { key: "message", title: t.resources.about, width: "minmax(120px, 2.5fr)", from: 1000 },
];
const filters = ["kind", "health", "cluster"] as const;
const pageSize = 500;
const typedMs = 200;

const idOf = (r: ResourceRow): string => [r.cluster, r.app.ns, r.app.name, r.ref.group, r.ref.kind, r.ref.namespace, r.ref.name].join("/");

export default function Resources() {
  const [q, setQ] = useState(param("q"));
  useEffect(() => {
    const timer = setTimeout(() => setParams({ q }), typedMs);
    return () => clearTimeout(timer);
  }, [q]);
  const query = { q: param("q"), ...Object.fromEntries(filters.map((k) => [k, param(k)])), limit: pageSize };
  const { first, items: rows, next, more } = usePages<ResourcePage, ResourceRow>("resources", query, { rows: true }, {
    items: (p) => p.rows,
    id: idOf,
    cursor: "after",
    everyMs: 3000,
  });
  return (
    <ListPage
      title={t.nav.resources}
      sub={first.data && t.resources.found(first.data.total)}
      first={first}
      filters={
        <>
          <input
            class="input"
            type="search"
            data-query
            aria-label={t.resources.filter}
            placeholder={t.resources.filter}
            value={q}
            onInput={(e) => setQ(e.currentTarget.value)}
          />
          {filters.map((k) => (
            <Filter key={k} name={k} label={t.col[k]} />
          ))}
        </>
      }
    >
      <Grid
        label={t.nav.resources}
        columns={columns}
        count={rows.length}
        id={(i) => (rows[i] ? idOf(rows[i]) : String(i))}
        open={(i) => {
          const r = rows[i];
          if (r) go(`${appHref(r.app, "tree")}?mode=list&q=${encodeURIComponent(r.ref.name)}`);
        }}
        empty={<Empty icon="search" title={t.apps.noMatch} />}
        after={<More next={next} more={more} label={t.moreOf((first.data?.total ?? 0) - rows.length)} />}
        cells={(i, shown) => {
          const r = rows[i];
          return r ? shown.map((c) => cell(r, c.key)) : null;
        }}
      />
    </ListPage>
  );
}

function cell(r: ResourceRow, key: string) {
  const about = r.message || r.images.join(", ");
  switch (key) {
    case "kind":
      return (
        <Cell key="kind">
          <span class="trunc muted">{r.ref.kind}</span>
        </Cell>
      );
    case "name":
      return (
        <Cell key="name" title={r.ref.name}>
          <span class="trunc strong">{r.ref.name}</span>
        </Cell>
      );
    case "ns":
      return (
        <Cell key="ns">
          <span class="trunc muted">{r.ref.namespace}</span>
        </Cell>
      );
    case "app":
      return (
        <Cell key="app">
          <a class="trunc" href={appHref(r.app)} tabIndex={-1}>
            {r.app.name}
          </a>
        </Cell>
      );
    case "cluster":
      return (
        <Cell key="cluster">
          <span class="trunc muted">{r.cluster}</span>
        </Cell>
      );
    case "health":
      return <Cell key="health">{r.health && <Status kind="health" word={r.health} quiet />}</Cell>;
    case "sync":
      return <Cell key="sync">{r.sync && <Status kind="sync" word={r.sync} quiet />}</Cell>;
    default:
      return (
        <Cell key={key} title={about}>
          <span class={`trunc${r.message ? "" : " mono"} muted`}>{about}</span>
        </Cell>
      );
  }
}
