// The three panes: what there is, what differs, what happened.
import { useMemo } from "preact/hooks";
import { DiffView, refId } from "../../parts/diff";
import { Outline } from "../../parts/tree";
import { Timeline } from "../../parts/timeline";
import { ErrorNote, Note, Skeleton } from "../../parts/basic";
import { openPlan } from "../../parts/plan-host";
import { appPath } from "../../lib/api";
import { useFetch } from "../../lib/live";
import { appHref, go, param, setParams } from "../../lib/router";
import { t } from "../../strings";
import type { Diff, TimelineEvent, Tree } from "../../wire";
import type { TabProps } from "../app";
import { activeHolds } from "./notices";

export function TabOverview({ app, o }: TabProps) {
  const at = { appNamespace: app.ns };
  const tree = useFetch<Tree>(appPath(app.name, "tree"), at, { app });
  const diff = useFetch<Diff>(appPath(app.name, "diff"), { ...at, from: "live", to: "git" }, { app });
  const events = useFetch<TimelineEvent[]>(appPath(app.name, "timeline"), { ...at, limit: 40 }, { app });
  const selected = param("node");
  const node = useMemo(() => tree.data?.nodes.find((n) => n.id === selected), [tree.data, selected]);
  const only = node && diff.data?.objects.some((x) => refId(x.ref) === refId(node.ref)) ? refId(node.ref) : "";
  return (
    <div class="panes">
      <section class="pane" aria-label={t.tabs["tree"]}>
        <header class="pane-head">
          <h2>{t.app.resources}</h2>
          <span class="faint num">{o.counts.resources}</span>
          <span class="grow" />
          <span class="faint">{t.app.problemsFirst}</span>
        </header>
        <div class="pane-body">
          {tree.error && !tree.data && <ErrorNote error={tree.error} retry={tree.reload} />}
          {tree.data ? (
            <Outline
              tree={tree.data}
              selected={selected}
              onSelect={(n) => setParams({ node: n?.id ?? "" })}
              onFold={() => go(`${appHref(app, "tree")}?mode=list`)}
            />
          ) : (
            !tree.error && <Skeleton rows={8} />
          )}
        </div>
      </section>
      <section class="pane pane-wide" aria-label={t.tabs["diff"]}>
        <header class="pane-head">
          <h2>{t.app.liveVsGit}</h2>
          <span class="grow" />
          <a class="link" href={appHref(app, "diff")}>
            {t.app.compareOthers}
          </a>
        </header>
        <div class="pane-body pad">
          {node && (node.message || only === "") && (
            <Note tone={node.health === "Degraded" ? "bad" : "mute"} icon={node.health === "Degraded" ? "degraded" : "info"}>
              <p>
                <span class="muted">{node.ref.kind}</span> <span class="strong">{node.ref.name}</span> {node.message}
              </p>
            </Note>
          )}
          {diff.error && !diff.data && <ErrorNote error={diff.error} retry={diff.reload} />}
          {diff.data ? (
            <DiffView
              diff={diff.data}
              left={t.diff.live}
              right={t.diff.git}
              only={only}
              {...(activeHolds(o).length ? {} : { sync: { no: o.can.sync ? undefined : t.no.sync, run: (ref) => openPlan({ apps: [app], resources: [refId(ref)] }) } })}
              explain={(ref, path) => go(`${appHref(app, "render")}?obj=${encodeURIComponent(refId(ref))}&ptr=${encodeURIComponent(path)}`)}
            />
          ) : (
            !diff.error && <Skeleton rows={6} />
          )}
        </div>
      </section>
      <section class="pane" aria-label={t.tabs["timeline"]}>
        <header class="pane-head">
          <h2>{t.tabs["timeline"]}</h2>
          <span class="grow" />
          <a class="link" href={appHref(app, "timeline")}>
            {t.all}
          </a>
        </header>
        <div class="pane-body pad">
          {events.data ? <Timeline events={events.data} compact /> : events.error ? <ErrorNote error={events.error} /> : <Skeleton rows={6} />}
        </div>
      </section>
    </div>
  );
}
