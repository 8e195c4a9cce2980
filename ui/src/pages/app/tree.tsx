// The drawing of an application's resources, or all of them as a list.
import { useMemo } from "preact/hooks";
import { refId } from "../../parts/diff";
import { Cell, Grid, type Column } from "../../parts/grid";
import { ResourceTools } from "../../parts/resource";
import { Graph, NodeCard } from "../../parts/tree";
import { openPlan } from "../../parts/plan-host";
import { Button, Chip, Empty, ErrorNote, Skeleton, Status } from "../../parts/basic";
import { appPath } from "../../lib/api";
import { useFetch } from "../../lib/live";
import { appHref, param, setParams } from "../../lib/router";
import { t } from "../../strings";
import type { Tree, TreeNode } from "../../wire";
import type { TabProps } from "../app";

/** More resources than this open as a list. */
const drawnMax = 300;

const columns: readonly Column[] = [
  { key: "kind", title: t.col.kind, width: "minmax(110px, .8fr)", from: 420 },
  { key: "name", title: t.col.name, width: "minmax(140px, 2fr)" },
  { key: "health", title: t.col.health, width: "124px" },
  { key: "sync", title: t.col.sync, width: "116px", from: 620 },
  { key: "ready", title: t.tree.ready, width: "64px", end: true, from: 700 },
  { key: "message", title: t.col.message, width: "minmax(120px, 3fr)", from: 860 },
];

export default function TreeTab({ app, o }: TabProps) {
  const mode = param("mode") || (o.counts.resources > drawnMax ? "list" : "graph");
  const q = param("q");
  const f = useFetch<Tree>(appPath(app.name, "tree"), { appNamespace: app.ns, all: mode === "list" || undefined }, { app });
  const selected = param("node");
  const node = f.data?.nodes.find((n) => n.id === selected);
  const rows = useMemo(() => {
    const words = q.toLowerCase().split(/\s+/).filter(Boolean);
    return (f.data?.nodes ?? []).filter((n) => {
      const text = `${n.ref.kind} ${n.ref.name} ${n.ref.namespace} ${n.health} ${n.sync} ${n.message} ${n.images.join(" ")}`.toLowerCase();
      return words.every((w) => text.includes(w));
    });
  }, [f.data, q]);
  const select = (n: TreeNode | null) => setParams({ node: n?.id ?? "" });
  return (
    <div class="tree-tab">
      <div class="tab-tools">
        <div class="segmented" role="group" aria-label={t.tree.mode}>
          {(["graph", "list"] as const).map((m) => (
            <button key={m} type="button" class={mode === m ? "on" : ""} aria-pressed={mode === m} onClick={() => setParams({ mode: m })}>
              {t.tree[m]}
            </button>
          ))}
        </div>
        {mode === "list" && (
          <input
            class="input"
            type="search"
            data-query
            aria-label={t.tree.filter}
            placeholder={t.tree.filter}
            value={q}
            onInput={(e) => setParams({ q: e.currentTarget.value })}
          />
        )}
        {f.data && (
          <span class="faint num">
            {mode === "list" ? t.tree.listed(rows.length, f.data.total) : t.tree.drawn(f.data.drawn, f.data.total)}
          </span>
        )}
      </div>
      {f.error && !f.data && <ErrorNote error={f.error} retry={f.reload} />}
      {!f.data && !f.error && <Skeleton rows={10} />}
      {f.data && (
        <div class="tree-body">
          {mode === "graph" ? (
            f.data.nodes.length ? (
              <Graph
                title={t.tree.label}
                tree={f.data}
                selected={selected}
                onSelect={select}
                onFold={() => setParams({ mode: "list" }, true)}
              />
            ) : (
              <Empty icon="tree" title={t.tree.none} />
            )
          ) : (
            <Grid
              label={t.tree.label}
              columns={columns}
              count={rows.length}
              id={(i) => rows[i]?.id ?? ""}
              open={(i) => select(rows[i] ?? null)}
              empty={<Empty icon="search" title={t.apps.noMatch} />}
              cells={(i, shown) => {
                const n = rows[i];
                if (!n) return null;
                return shown.map((c) => (
                  <Cell key={c.key} end={c.end ?? false} {...(c.key === "message" ? { title: n.message } : {})}>
                    {c.key === "kind" && <span class="muted trunc">{n.ref.kind}</span>}
                    {c.key === "name" && (
                      <>
                        <span class="strong trunc">{n.ref.name}</span>
                        {n.hook && <Chip>{n.hook}</Chip>}
                      </>
                    )}
                    {c.key === "health" && n.health && <Status kind="health" word={n.health} quiet />}
                    {c.key === "sync" && n.sync && <Status kind="sync" word={n.sync} quiet />}
                    {c.key === "ready" && <span class="num muted">{n.ready ?? ""}</span>}
                    {c.key === "message" && <span class="trunc muted">{n.message}</span>}
                  </Cell>
                ));
              }}
            />
          )}
          {node && (
            <NodeCard key={node.id} node={node} onClose={() => select(null)}>
              <ResourceTools app={app} of={node.ref} can={o.can} />
              {node.sync && (
                <Button small icon="sync" no={o.can.sync ? undefined : t.no.sync} onClick={() => openPlan({ apps: [app], resources: [refId(node.ref)] })}>
                  {t.tree.syncThis}
                </Button>
              )}
              <ul class="card-links">
                <li>
                  <a class="link" href={`${appHref(app, "diff")}?obj=${encodeURIComponent(refId(node.ref))}`}>
                    {t.tree.seeDiff}
                  </a>
                </li>
                <li>
                  <a class="link" href={`${appHref(app, "render")}?obj=${encodeURIComponent(refId(node.ref))}`}>
                    {t.tree.seeRender}
                  </a>
                </li>
                {(node.ref.kind === "Pod" || node.pods || node.ready) && (
                  <li>
                    <a
                      class="link"
                      href={`${appHref(app, "logs")}?kind=${node.ref.kind}&name=${encodeURIComponent(node.ref.name)}&group=${node.ref.group}&namespace=${node.ref.namespace}`}
                    >
                      {t.tree.seeLogs}
                    </a>
                  </li>
                )}
              </ul>
            </NodeCard>
          )}
        </div>
      )}
    </div>
  );
}
