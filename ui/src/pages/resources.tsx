// Objects of all applications: which application has this pod, this image, this kind.
import { useEffect, useState } from "preact/hooks";
import { Button, Empty, ErrorNote, Skeleton, Status } from "../parts/basic";
import { Cell, Grid, type Column } from "../parts/grid";
import { get } from "../lib/api";
import { useFetch } from "../lib/live";
import { appHref, go, param, setParams } from "../lib/router";
import { t } from "../strings";
import type { ResourcePage } from "../wire";

const columns: readonly Column[] = [
  { key: "kind", title: t.col.kind, width: "minmax(110px, .8fr)" },
  { key: "name", title: t.col.name, width: "minmax(150px, 2fr)" },
  { key: "ns", title: t.col.namespace, width: "minmax(90px, .8fr)", from: 760 },
  { key: "app", title: t.col.app, width: "minmax(100px, 1fr)", from: 480 },
  { key: "cluster", title: t.col.cluster, width: "minmax(90px, .8fr)", from: 900 },
  { key: "health", title: t.col.health, width: "124px", from: 560 },
  { key: "sync", title: t.col.sync, width: "116px", from: 680 },
  { key: "message", title: t.resources.about, width: "minmax(120px, 2.500fr)", from: 1000 },
];
const filters = ["kind", "health", "cluster"] as const;
const pageSize = 500;
const typedMs = 200;

export default function Resources() {
  const [q, setQ] = useState(param("q"));
  useEffect(() => {
    const timer = setTimeout(() => setParams({ q }), typedMs);
    return () => clearTimeout(timer);
  }, [q]);
  const query = { q: param("q"), ...Object.fromEntries(filters.map((k) => [k, param(k)])), limit: pageSize };
  const key = JSON.stringify(query);
  const f = useFetch<ResourcePage>("resources", query, { rows: true }, 3000);
  const [older, setOlder] = useState<ResourcePage | null>(null);
  useEffect(() => setOlder(null), [key]);
  const rows = [...(f.data?.rows ?? []), ...(older?.rows ?? [])];
  const next = older ? older.next : f.data?.next;
  const more = async () => {
    const page = await get<ResourcePage>("resources", { ...query, after: next });
    setOlder({ rows: [...(older?.rows ?? []), ...page.rows], total: page.total, ...(page.next ? { next: page.next } : {}) });
  };
  return (
    <div class="page-fill">
      <div class="list-head">
        <header class="page-head">
          <h1>{t.nav.resources}</h1>
          {f.data && <span class="sub num">{t.resources.found(f.data.total)}</span>}
        </header>
        <div class="filters">
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
            <input
              key={k}
              class="input input-s"
              type="search"
              aria-label={t.col[k]}
              placeholder={t.col[k]}
              value={param(k)}
              onChange={(e) => setParams({ [k]: e.currentTarget.value })}
            />
          ))}
        </div>
      </div>
      {f.error && <ErrorNote error={f.error} retry={f.reload} />}
      {!f.data && !f.error && <Skeleton rows={12} />}
      {f.data && (
        <Grid
          label={t.nav.resources}
          columns={columns}
          count={rows.length}
          id={(i) => {
            const r = rows[i];
            return r ? `${r.cluster}/${r.app.ns}/${r.app.name}/${r.ref.group}/${r.ref.kind}/${r.ref.namespace}/${r.ref.name}` : String(i);
          }}
          open={(i) => {
            const r = rows[i];
            if (r) go(`${appHref(r.app, "tree")}?mode=list&q=${encodeURIComponent(r.ref.name)}`);
          }}
          empty={<Empty icon="search" title={t.apps.noMatch} />}
          after={
            next ? (
              <div class="pad">
                <Button onClick={() => void more()}>{t.moreOf(f.data.total - rows.length)}</Button>
              </div>
            ) : null
          }
          cells={(i, shown) => {
            const r = rows[i];
            if (!r) return null;
            const about = r.message || r.images.join(", ");
            return shown.map((c) => {
              switch (c.key) {
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
                    <Cell key={c.key} title={about}>
                      <span class={`trunc${r.message ? "" : " mono"} muted`}>{about}</span>
                    </Cell>
                  );
              }
            });
          }}
        />
      )}
    </div>
  );
}
