// The clusters: reachable or not, how old what we know is, how they fare.
import { Chip, Empty, ErrorNote, Since, Skeleton } from "../parts/basic";
import { count } from "../lib/format";
import { useFetch } from "../lib/live";
import { listHref, term } from "../lib/query";
import { t } from "../strings";
import type { ArgoCluster, Fleet } from "../wire";

export default function Clusters({ parts }: { parts: readonly string[] }) {
  const f = useFetch<{ items?: ArgoCluster[] | null }>("clusters");
  const fleet = useFetch<Fleet>("fleet", {}, { rows: true }, 3000);
  const only = parts[0];
  if (!f.data) return <div class="page"><h1 class="sr">{t.nav.clusters}</h1>{f.error ? <ErrorNote error={f.error} retry={f.reload} /> : <Skeleton rows={6} height={48} />}</div>;
  const all = f.data.items ?? [];
  const list = only ? all.filter((c) => c.name === only) : all;
  const figures = new Map(fleet.data?.clusters.map((c) => [c.name, c]));
  return (
    <div class="page">
      <header class="page-head">
        <h1>{only ?? t.nav.clusters}</h1>
        {!only && <span class="sub num">{t.clusters.count(all.length)}</span>}
      </header>
      {!list.length && <Empty icon="clusters" title={t.clusters.none} />}
      {list.length > 0 && (
        <div class="scroll-x">
          <table class="table">
            <thead>
              <tr>
                <th scope="col">{t.col.cluster}</th>
                <th scope="col">{t.fleet.connection}</th>
                <th scope="col">{t.clusters.version}</th>
                <th scope="col" class="end">
                  {t.nav.apps}
                </th>
                <th scope="col" class="end">
                  {t.nav.resources}
                </th>
                <th scope="col">{t.clusters.cache}</th>
                <th scope="col">{t.setup.server}</th>
              </tr>
            </thead>
            <tbody>
              {list.map((c) => {
                const state = c.connectionState ?? c.info?.connectionState;
                const ok = state?.status === "Successful" || (state?.status ?? "") === "";
                return (
                  <tr key={c.server}>
                    <td>
                      <a class="strong" href={listHref(term("cluster", c.name))}>
                        {c.name}
                      </a>
                    </td>
                    <td>
                      {ok ? (
                        <Chip tone="ok" icon="check">
                          {t.clusters.connected}
                        </Chip>
                      ) : (
                        <Chip tone="bad" icon="alert">
                          {state?.message || state?.status}
                        </Chip>
                      )}
                    </td>
                    <td class="mono muted">{c.serverVersion ?? c.info?.serverVersion ?? "–"}</td>
                    <td class="end num">{count(c.info?.applicationsCount ?? figures.get(c.name)?.apps ?? 0)}</td>
                    <td class="end num">{count(c.info?.cacheInfo?.resourcesCount ?? 0)}</td>
                    <td class="muted">
                      {c.info?.cacheInfo?.lastCacheSyncTime ? <Since at={c.info.cacheInfo.lastCacheSyncTime} ago /> : "–"}
                    </td>
                    <td class="mono muted break">{c.server}</td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      )}
    </div>
  );
}
