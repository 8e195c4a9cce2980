// The form of an application: from where, to where, and when. What it doesn't know stays as it is.
import { useMemo } from "preact/hooks";
import { addSource, automation, inCluster, option, removeSource, setAutomation, setOption, sourcePaths } from "../lib/appspec";
import { at, put, putText, textAt, type Path } from "../lib/edit";
import { useFetch } from "../lib/live";
import { store } from "../lib/store";
import { t } from "../strings";
import { tf } from "../strings/forms";
import type { ArgoCluster, ArgoProject, ArgoRepository, Json } from "../wire";
import { Button } from "./basic";
import { Area, Choice, Lines, Switch, TextField } from "./form";

type Props = { app: Json; change: (app: Json) => void; isNew: boolean };

export function AppForm({ app, change, isNew }: Props) {
  const projects = useFetch<{ items?: ArgoProject[] | null }>("projects");
  const clusters = useFetch<{ items?: ArgoCluster[] | null }>("clusters");
  const registered = useFetch<{ items?: ArgoRepository[] | null }>("repositories");
  const repos = useMemo(() => [...new Set([...(registered.data?.items ?? []).map((r) => r.repo), ...store.words("repo")])].filter(Boolean).sort(), [registered.data]);
  const text = (label: string, path: Path, more: { hint?: string; required?: boolean; choices?: readonly string[]; readOnly?: boolean; mono?: boolean } = {}) => (
    <TextField label={label} value={textAt(app, path)} onInput={(v) => change(putText(app, path, v))} {...more} />
  );
  const project = textAt(app, ["spec", "project"]) || "default";
  const names = [...new Set([project, ...(projects.data?.items ?? []).map((p) => p.metadata.name)])].sort();
  const auto = automation(app);
  const paths = sourcePaths(app);
  const byServer = textAt(app, ["spec", "destination", "server"]);
  const cluster = textAt(app, ["spec", "destination", "name"]) || (byServer === inCluster ? "in-cluster" : (clusters.data?.items?.find((c) => c.server === byServer)?.name ?? byServer));
  const known = [...new Set([...(clusters.data?.items ?? []).map((c) => c.name)])];
  const setCluster = (v: string) => {
    const rest = { ...(at(app, ["spec", "destination"]) as { [k: string]: Json } | undefined) };
    delete rest["server"];
    delete rest["name"];
    // An address stays one; names are for registered clusters.
    const where: { [k: string]: Json } = v === "" ? {} : v.includes("://") ? { server: v } : v === "in-cluster" ? { server: inCluster } : { name: v };
    change(put(app, ["spec", "destination"], { ...where, ...rest }));
  };
  return (
    <>
      <section class="panel">
        <h2>{tf.app.general}</h2>
        <div class="form-two">
          {text(tf.app.name, ["metadata", "name"], { required: true, readOnly: !isNew, mono: true })}
          <Choice label={tf.app.project} value={project} of={names.map((n) => [n, n] as const)} set={(v) => change(put(app, ["spec", "project"], v))} />
        </div>
      </section>
      {paths.map((p, i) => (
        <Source key={i} app={app} change={change} path={p} place={i} count={paths.length} repos={repos} />
      ))}
      <Button small icon="plus" onClick={() => change(addSource(app))}>
        {tf.app.addSource}
      </Button>
      <section class="panel">
        <h2>{tf.app.destination}</h2>
        <div class="form-two">
          <TextField label={tf.app.cluster} value={cluster} hint={tf.app.clusterHint} required choices={known} onInput={setCluster} />
          {text(tf.app.namespace, ["spec", "destination", "namespace"], { required: true, choices: store.words("destNs"), mono: true })}
        </div>
      </section>
      <section class="panel">
        <h2>{tf.app.policy}</h2>
        <Switch label={tf.app.auto} hint={tf.app.autoHint} on={auto.on} set={(on) => change(setAutomation(app, { ...auto, on }))} />
        {auto.on && (
          <div class="form-sub">
            <Switch label={tf.app.prune} hint={tf.app.pruneHint} on={auto.prune} set={(prune) => change(setAutomation(app, { ...auto, prune }))} />
            <Switch label={tf.app.heal} hint={tf.app.healHint} on={auto.selfHeal} set={(selfHeal) => change(setAutomation(app, { ...auto, selfHeal }))} />
          </div>
        )}
        {(
          [
            ["CreateNamespace=true", tf.app.createNamespace, tf.app.createNamespaceHint],
            ["ServerSideApply=true", tf.app.serverSide, tf.app.serverSideHint],
            ["PruneLast=true", tf.app.pruneLast, tf.app.pruneLastHint],
          ] as const
        ).map(([word, label, hint]) => (
          <Switch key={word} label={label} hint={hint} on={option(app, word)} set={(on) => change(setOption(app, word, on))} />
        ))}
      </section>
    </>
  );
}

type SourceProps = { app: Json; change: (app: Json) => void; path: Path; place: number; count: number; repos: readonly string[] };

function Source({ app, change, path, place, count, repos }: SourceProps) {
  const own = (field: string): Path => [...path, field];
  const text = (label: string, field: string, more: { hint?: string; required?: boolean; choices?: readonly string[] } = {}) => (
    <TextField label={label} mono value={textAt(app, own(field))} onInput={(v) => change(putText(app, own(field), v))} {...more} />
  );
  const isChart = at(app, own("chart")) !== undefined;
  const isRef = !isChart && at(app, own("ref")) !== undefined && !textAt(app, own("path"));
  const kind = isChart ? "chart" : isRef ? "ref" : "git";
  const become = (to: string) => {
    let next = app;
    for (const field of ["chart", "ref", "path"]) next = put(next, own(field), undefined);
    if (to === "chart") next = put(next, own("chart"), "");
    if (to === "ref") next = put(next, own("ref"), "values");
    change(next);
  };
  return (
    <section class="panel">
      <header class="line">
        <h2 class="grow">{count > 1 ? tf.app.sourceN(place + 1) : tf.app.source}</h2>
        {count > 1 && <Button small kind="ghost" icon="close" label={`${tf.remove} ${tf.app.sourceN(place + 1)}`} onClick={() => change(removeSource(app, place))} />}
      </header>
      <div class="segmented" role="group" aria-label={tf.app.kind}>
        {([["git", tf.app.git], ["chart", tf.app.chart], ...(count > 1 ? [["ref", tf.app.ref] as const] : [])] as const).map(([k, word]) => (
          <button key={k} type="button" class={kind === k ? "on" : ""} aria-pressed={kind === k} onClick={() => kind !== k && become(k)}>
            {word}
          </button>
        ))}
      </div>
      {text(tf.app.repo, "repoURL", { required: true, choices: repos, hint: kind === "chart" ? tf.app.chartRepoHint : tf.app.repoHint })}
      <div class="form-two">
        {kind === "git" && text(tf.app.path, "path", { required: true, hint: tf.app.pathHint })}
        {kind === "chart" && text(tf.app.chartName, "chart", { required: true })}
        {kind === "ref" && text(tf.app.refName, "ref", { required: true })}
        {text(kind === "chart" ? tf.app.version : tf.app.revision, "targetRevision", kind === "chart" ? { required: true, hint: tf.app.versionHint } : { hint: tf.app.revisionHint })}
      </div>
      {(kind === "chart" || at(app, own("helm")) !== undefined) && (
        <>
          <Lines label={tf.app.valueFiles} value={app} path={[...path, "helm", "valueFiles"]} change={change} />
          <Area label={tf.app.values} hint={tf.app.valuesHint} value={textAt(app, [...path, "helm", "values"])} onInput={(v) => change(putText(app, [...path, "helm", "values"], v))} />
        </>
      )}
      {kind === "ref" && <p class="faint">{t.setup.repo}: ${textAt(app, own("ref"))}/…</p>}
    </section>
  );
}
