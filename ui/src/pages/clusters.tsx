// The clusters: reachable or not, how old what we know is, how they fare.
import { Chip, Empty, ErrorNote, Since, Skeleton } from "../parts/basic";
import { Table, type TableColumn } from "../parts/table";
import { count } from "../lib/format";
import { useFetch } from "../lib/live";
import { listHref, term } from "../lib/query";
import { t } from "../strings";
import type { ArgoCluster, Fleet, FleetCluster } from "../wire";

function Connection({ c }: { c: ArgoCluster }) {
  const state = c.connectionState ?? c.info?.connectionState;
  const ok = state?.status === "Successful" || !state?.status;
  return (
    <Chip tone={ok ? "ok" : "bad"} icon={ok ? "check" : "alert"}>
      {ok ? t.clusters.connected : state.message || state.status}
    </Chip>
  );
}

function columns(figures: ReadonlyMap<string, FleetCluster>): TableColumn<ArgoCluster>[] {
  return [
    {
      title: t.col.cluster,
      cls: "nowrap",
      cell: (c) => (
        <a class="strong" href={listHref(term("cluster", c.name))}>
          {c.name}
        </a>
      ),
    },
    { title: t.fleet.connection, cell: (c) => <Connection c={c} /> },
    { title: t.clusters.version, cls: "mono muted", wide: true, cell: (c) => c.serverVersion ?? c.info?.serverVersion ?? "–" },
    { title: t.nav.apps, end: true, cell: (c) => count(c.info?.applicationsCount ?? figures.get(c.name)?.apps ?? 0) },
    { title: t.nav.resources, end: true, wide: true, cell: (c) => count(c.info?.cacheInfo?.resourcesCount ?? 0) },
    {
      title: t.clusters.cache,
      cls: "muted",
      wide: true,
      cell: (c) => (c.info?.cacheInfo?.lastCacheSyncTime ? <Since at={c.info.cacheInfo.lastCacheSyncTime} ago /> : "–"),
    },
    { title: t.setup.server, cls: "mono muted break", wide: true, cell: (c) => c.server },
  ];
}

export default function Clusters({ parts }: { parts: readonly string[] }) {
  const f = useFetch<{ items?: ArgoCluster[] | null }>("clusters");
  const fleet = useFetch<Fleet>("fleet", {}, { rows: true }, 3000);
  const only = parts[0];
  const all = f.data?.items ?? [];
  const list = only ? all.filter((c) => c.name === only) : all;
  return (
    <div class="page">
      <header class="page-head">
        <h1>{only ?? t.nav.clusters}</h1>
        {!only && f.data && <span class="sub num">{t.clusters.count(all.length)}</span>}
      </header>
      {f.error && !f.data && <ErrorNote error={f.error} retry={f.reload} />}
      {!f.data && !f.error && <Skeleton rows={6} height={48} />}
      {f.data && !list.length && <Empty icon="clusters" title={t.clusters.none} />}
      {list.length > 0 && <Table id={(c) => c.server} rows={list} columns={columns(new Map(fleet.data?.clusters.map((c) => [c.name, c])))} />}
    </div>
  );
}
