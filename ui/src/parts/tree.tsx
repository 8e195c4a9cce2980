// The resources of an application: an outline, and the drawing whose places the server computed.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { t } from "../strings";
import type { Tree, TreeNode } from "../wire";
import { Chip, look, Status } from "./basic";
import { Icon } from "./icon";

const boxWidth = 220;
const boxHeight = 44;

export type Level = { node: TreeNode; depth: number; kids: TreeNode[]; size: number; index: number };

/** Nodes in reading order, children below their parents. */
export function outline(nodes: readonly TreeNode[]): Level[] {
  const kids = new Map<string, TreeNode[]>();
  const ids = new Set(nodes.map((n) => n.id));
  for (const n of nodes) {
    const p = n.parent && ids.has(n.parent) ? n.parent : "";
    const list = kids.get(p);
    if (list) list.push(n);
    else kids.set(p, [n]);
  }
  const out: Level[] = [];
  const seen = new Set<string>();
  const walk = (id: string, depth: number) => {
    const list = kids.get(id) ?? [];
    list.forEach((node, index) => {
      if (seen.has(node.id)) return;
      seen.add(node.id);
      out.push({ node, depth, kids: kids.get(node.id) ?? [], size: list.length, index });
      walk(node.id, depth + 1);
    });
  };
  walk("", 0);
  return out;
}

/** The one glyph of a node: trouble first. */
function glyph(n: TreeNode) {
  if (n.health && n.health !== "Healthy" && n.health !== "Unknown") return look("health", n.health);
  if (n.sync === "OutOfSync") return look("sync", "OutOfSync");
  // ConfigMaps and their like have no health: being as Git says is all that can be said.
  if (!n.health) return n.sync ? look("sync", n.sync) : look("health", "");
  return look("health", n.health);
}

function spoken(n: TreeNode): string {
  if (n.folded) return t.tree.folded(n.folded);
  return [n.ref.kind, n.ref.name, n.health, n.sync, n.ready, n.message].filter(Boolean).join(", ");
}

type Props = {
  tree: Tree;
  selected: string;
  onSelect: (n: TreeNode | null) => void;
  onFold?: () => void;
};

/** Arrow keys over a tree of elements with `data-node`. */
function useTreeKeys(levels: Level[], p: Props) {
  const box = useRef<HTMLDivElement>(null);
  const [cursor, setCursor] = useState("");
  const at = Math.max(0, levels.findIndex((l) => l.node.id === (cursor || p.selected)));
  const focus = (i: number) => {
    const l = levels[i];
    if (!l) return;
    setCursor(l.node.id);
    box.current?.querySelector<HTMLElement>(`[data-node="${CSS.escape(l.node.id)}"]`)?.focus();
  };
  const onKey = (e: KeyboardEvent) => {
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    const here = levels[at];
    if (!here) return;
    const level = here.depth;
    let to = -1;
    switch (e.key) {
      case "ArrowDown":
        to = at + 1;
        break;
      case "ArrowUp":
        to = at - 1;
        break;
      case "ArrowRight":
        to = here.kids.length ? at + 1 : -1;
        break;
      case "ArrowLeft":
        for (let i = at - 1; i >= 0 && to < 0; i--) if ((levels[i]?.depth ?? 0) < level) to = i;
        break;
      case "Home":
        to = 0;
        break;
      case "End":
        to = levels.length - 1;
        break;
      case "Enter":
      case " ":
        e.preventDefault();
        activate(here.node);
        return;
      default:
        return;
    }
    e.preventDefault();
    if (to >= 0 && to < levels.length) focus(to);
  };
  const activate = (n: TreeNode) => {
    setCursor(n.id);
    if (n.folded) p.onFold?.();
    else p.onSelect(n.id === p.selected ? null : n);
  };
  return { box, at, onKey, activate };
}

function Ready({ n }: { n: TreeNode }) {
  if (n.pods && n.pods.ok + n.pods.bad + n.pods.pending > 0)
    return (
      <span class="pods num" title={t.tree.pods(n.pods.ok, n.pods.bad, n.pods.pending)}>
        {n.pods.ok > 0 && <span class="tone-ok">{n.pods.ok}✓</span>}
        {n.pods.bad > 0 && <span class="tone-bad">{n.pods.bad}✕</span>}
        {n.pods.pending > 0 && <span class="tone-run">{n.pods.pending}…</span>}
      </span>
    );
  return n.ready ? <span class="num muted">{n.ready}</span> : null;
}

export function Outline(p: Props) {
  const levels = useMemo(() => outline(p.tree.nodes), [p.tree]);
  const { box, at, onKey, activate } = useTreeKeys(levels, p);
  return (
    <div class="outline" role="tree" aria-label={t.tree.label} ref={box} onKeyDown={onKey}>
      {levels.map((l, i) => {
        const n = l.node;
        const [icon, tone] = glyph(n);
        return (
          <div
            key={n.id}
            role="treeitem"
            data-node={n.id}
            class={`outline-row${n.folded ? " folded" : ""}${n.id === p.selected ? " on" : ""}`}
            aria-level={l.depth + 1}
            aria-setsize={l.size}
            aria-posinset={l.index + 1}
            aria-expanded={l.kids.length ? true : undefined}
            aria-selected={n.id === p.selected}
            aria-label={spoken(n)}
            tabIndex={i === at ? 0 : -1}
            title={n.message || undefined}
            style={{ paddingInlineStart: `${16 + l.depth * 16}px` }}
            onClick={() => activate(n)}
          >
            {n.folded ? (
              <>
                <Icon name="plus" size={14} cls="faint" />
                <span class="faint">{t.tree.folded(n.folded)}</span>
              </>
            ) : (
              <>
                <span class={`tone-${tone} glyph`}>
                  <Icon name={icon} size={14} />
                </span>
                <span class="trunc">
                  <span class="muted">{n.ref.kind}</span> <span class={tone === "ok" ? "" : "strong"}>{n.ref.name}</span>
                </span>
                <span class="outline-end">
                  {n.hook && <Chip>{n.hook}</Chip>}
                  {n.sync === "OutOfSync" && tone !== "warn" && (
                    <span class="tone-warn glyph">
                      <Icon name="outofsync" size={14} />
                    </span>
                  )}
                  {n.drift > 0 && <Chip tone="warn" icon="drift">{n.drift}</Chip>}
                  <Ready n={n} />
                </span>
              </>
            )}
          </div>
        );
      })}
    </div>
  );
}

export function Graph(p: Props & { title: string }) {
  const levels = useMemo(() => outline(p.tree.nodes), [p.tree]);
  const { box, at, onKey, activate } = useTreeKeys(levels, p);
  const byId = useMemo(() => new Map(p.tree.nodes.map((n) => [n.id, n])), [p.tree]);
  const [zoom, setZoom] = useState(1);
  const pad = 24;
  const width = Math.max(p.tree.width, ...p.tree.nodes.map((n) => n.x + boxWidth)) + pad * 2;
  const height = Math.max(p.tree.height, ...p.tree.nodes.map((n) => n.y + boxHeight)) + pad * 2;

  useEffect(() => {
    if (!p.selected) return;
    box.current?.querySelector(`[data-node="${CSS.escape(p.selected)}"]`)?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [p.selected]);

  return (
    <div class="graph">
      <div class="graph-tools">
        <button
          type="button"
          class="btn btn-plain btn-s"
          onClick={() => {
            const el = box.current;
            if (el) setZoom(Math.max(0.2, Math.min(1, el.clientWidth / width, el.clientHeight / height)));
          }}
        >
          {t.tree.fit}
        </button>
        <button type="button" class="btn btn-plain btn-icon btn-s" aria-label={t.tree.zoomOut} onClick={() => setZoom(Math.max(0.4, zoom - 0.15))}>
          −
        </button>
        <button type="button" class="btn btn-plain btn-s num" aria-label={t.tree.zoomReset} onClick={() => setZoom(1)}>
          {Math.round(zoom * 100)} %
        </button>
        <button type="button" class="btn btn-plain btn-icon btn-s" aria-label={t.tree.zoomIn} onClick={() => setZoom(Math.min(1.6, zoom + 0.15))}>
          +
        </button>
      </div>
      <div class="graph-scroll" ref={box} onKeyDown={onKey}>
        <div class="graph-canvas" role="tree" aria-label={p.title} style={{ width: `${width * zoom}px`, height: `${height * zoom}px` }}>
          <div class="graph-zoom" role="presentation" style={{ transform: `scale(${zoom})`, width: `${width}px`, height: `${height}px` }}>
            <svg class="edges" width={width} height={height} aria-hidden="true">
              {p.tree.nodes.map((n) => {
                const from = n.parent ? byId.get(n.parent) : undefined;
                if (!from) return null;
                const x1 = from.x + boxWidth + pad;
                const y1 = from.y + boxHeight / 2 + pad;
                const x2 = n.x + pad;
                const y2 = n.y + boxHeight / 2 + pad;
                const mid = x1 + Math.max(12, (x2 - x1) / 2);
                const r = Math.min(8, Math.abs(y2 - y1) / 2);
                const s = Math.sign(y2 - y1);
                const d =
                  r < 1
                    ? `M${x1} ${y1}H${x2}`
                    : `M${x1} ${y1}H${mid - r}Q${mid} ${y1} ${mid} ${y1 + s * r}V${y2 - s * r}Q${mid} ${y2} ${mid + r} ${y2}H${x2}`;
                const bad = n.health === "Degraded" || n.health === "Missing";
                return <path key={n.id} d={d} class={bad ? "edge-bad" : ""} />;
              })}
            </svg>
            {levels.map((l, i) => {
              const n = l.node;
              const [icon, tone] = glyph(n);
              return (
                <div
                  key={n.id}
                  role="treeitem"
                  data-node={n.id}
                  class={`node edge-${tone}${n.folded ? " folded" : ""}${n.id === p.selected ? " on" : ""}`}
                  aria-level={l.depth + 1}
                  aria-setsize={l.size}
                  aria-posinset={l.index + 1}
                  aria-expanded={l.kids.length ? true : undefined}
                  aria-selected={n.id === p.selected}
                  aria-label={spoken(n)}
                  tabIndex={i === at ? 0 : -1}
                  title={n.message || undefined}
                  style={{ left: `${n.x + pad}px`, top: `${n.y + pad}px`, width: `${boxWidth}px`, height: `${boxHeight}px` }}
                  onClick={() => activate(n)}
                >
                  {n.folded ? (
                    <span class="node-fold">
                      <Icon name="plus" size={14} />
                      {t.tree.folded(n.folded)}
                    </span>
                  ) : (
                    <>
                      <span class={`tone-${tone} glyph`}>
                        <Icon name={icon} size={16} />
                      </span>
                      <span class="node-text">
                        <span class="node-name trunc">{n.ref.name}</span>
                        <span class="node-sub trunc">
                          <span class="node-kind">{n.ref.kind}</span>
                          {n.hook && <span>{n.hook}</span>}
                          {n.message && tone === "bad" && <span class="tone-bad trunc">{n.message}</span>}
                        </span>
                      </span>
                      <span class="node-end">
                        <Ready n={n} />
                        {n.sync === "OutOfSync" && (
                          <span class="tone-warn glyph">
                            <Icon name="outofsync" size={14} />
                          </span>
                        )}
                        {n.drift > 0 && (
                          <span class="tone-warn glyph num">
                            <Icon name="drift" size={13} />
                            {n.drift}
                          </span>
                        )}
                      </span>
                    </>
                  )}
                </div>
              );
            })}
          </div>
        </div>
      </div>
    </div>
  );
}

/** One node in words, beside the drawing. */
export function NodeCard({ node, onClose, children }: { node: TreeNode; onClose: () => void; children?: preact.ComponentChildren }) {
  return (
    <section class="node-card" aria-label={`${node.ref.kind} ${node.ref.name}`}>
      <header class="line">
        <div class="grow">
          <p class="muted">
            {node.ref.kind}
            {node.ref.group && <span class="faint"> {node.ref.group}</span>}
          </p>
          <h2 class="break">{node.ref.name}</h2>
        </div>
        <button type="button" class="btn btn-ghost btn-icon" aria-label={t.close} onClick={onClose}>
          <Icon name="close" size={14} />
        </button>
      </header>
      <dl class="facts">
        <dt>{t.col.health}</dt>
        <dd>
          <Status kind="health" word={node.health || "Unknown"} />
        </dd>
        {node.sync && (
          <>
            <dt>{t.col.sync}</dt>
            <dd>
              <Status kind="sync" word={node.sync} />
            </dd>
          </>
        )}
        {node.ref.namespace && (
          <>
            <dt>{t.col.namespace}</dt>
            <dd>{node.ref.namespace}</dd>
          </>
        )}
        {node.ready && (
          <>
            <dt>{t.tree.ready}</dt>
            <dd class="num">{node.ready}</dd>
          </>
        )}
        {(node.wave !== 0 || node.hook) && (
          <>
            <dt>{t.tree.wave}</dt>
            <dd class="num">
              {node.wave} {node.hook}
            </dd>
          </>
        )}
        {node.images.length > 0 && (
          <>
            <dt>{t.tree.images}</dt>
            <dd class="mono break">{node.images.join("\n")}</dd>
          </>
        )}
      </dl>
      {node.message && <p class="node-message">{node.message}</p>}
      {children}
    </section>
  );
}
