// A project's rules: from where, to where, which kinds, who, when.
import { useState } from "preact/hooks";
import { Button, ErrorNote, Skeleton } from "../../parts/basic";
import { Lines, Rows, Switch, TextField, withoutEmpty } from "../../parts/form";
import { askReason } from "../../parts/plan-host";
import { Review } from "../../parts/review";
import { toast } from "../../parts/toast";
import { change as send } from "../../lib/api";
import { at, listAt, put, putText, textAt } from "../../lib/edit";
import { useFetch } from "../../lib/live";
import { useMay } from "../../lib/may";
import { go } from "../../lib/router";
import { store } from "../../lib/store";
import { t } from "../../strings";
import { tf } from "../../strings/forms";
import type { Json } from "../../wire";
import { RolesForm } from "./roles";
import { WindowsForm } from "./windows";

const kinds = ["clusterResourceWhitelist", "clusterResourceBlacklist", "namespaceResourceWhitelist", "namespaceResourceBlacklist"] as const;
const empty: Json = { metadata: { name: "" }, spec: { sourceRepos: [], destinations: [{ server: "https://kubernetes.default.svc", namespace: "" }] } };

/** Rows that were added and never filled in aren't meant. */
function cleaned(project: Json): Json {
  let next = project;
  for (const field of ["sourceRepos", "sourceNamespaces", "destinations", ...kinds]) next = withoutEmpty(next, ["spec", field]);
  listAt(next, ["spec", "roles"]).forEach((_, i) => {
    for (const field of ["policies", "groups"]) next = withoutEmpty(next, ["spec", "roles", i, field]);
  });
  listAt(next, ["spec", "syncWindows"]).forEach((_, i) => {
    for (const field of ["applications", "namespaces", "clusters"]) next = withoutEmpty(next, ["spec", "syncWindows", i, field]);
  });
  // A destination is named by its server or by its name.
  listAt(next, ["spec", "destinations"]).forEach((d, i) => {
    for (const field of ["server", "name"]) if (textAt(d, [field]) === "") next = put(next, ["spec", "destinations", i, field], undefined);
  });
  return next;
}

/** Why it can't be saved as it is. */
function objection(project: Json): string | undefined {
  if (!/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(textAt(project, ["metadata", "name"]))) return tf.project.nameFirst;
  if (listAt(project, ["spec", "destinations"]).some((d) => !(textAt(d, ["server"]) || textAt(d, ["name"])) || !textAt(d, ["namespace"]))) return tf.project.bad.destination;
  if (listAt(project, ["spec", "roles"]).some((r) => !textAt(r, ["name"]))) return tf.project.bad.role;
  if (listAt(project, ["spec", "syncWindows"]).some((w) => !textAt(w, ["schedule"]) || !textAt(w, ["duration"]))) return tf.project.bad.window;
  return undefined;
}

export default function EditProject({ name }: { name: string }) {
  const isNew = name === "";
  const f = useFetch<Json>(isNew ? null : `projects/${encodeURIComponent(name)}`);
  const [own, setOwn] = useState<{ before: Json; after: Json } | null>(isNew ? { before: { metadata: {}, spec: {} }, after: empty } : null);
  const [review, setReview] = useState(false);
  const may = useMay("projects", isNew ? "create" : "update", name || "*");
  const mayDelete = useMay("projects", "delete", name);
  const before = own?.before ?? f.data;
  const after = own?.after ?? f.data;
  const back = isNew ? "/projects" : `/projects/${encodeURIComponent(name)}`;
  if (before === undefined || after === undefined) return <div class="page">{f.error ? <ErrorNote error={f.error} retry={f.reload} /> : <Skeleton rows={10} />}</div>;

  const change = (to: Json) => setOwn({ before, after: to });
  const wanted = cleaned(after);
  const title = textAt(after, ["metadata", "name"]);
  const no = may === false ? (isNew ? t.no.newProject : t.no.project) : (objection(wanted) ?? (JSON.stringify(at(before, ["spec"])) === JSON.stringify(at(wanted, ["spec"])) ? tf.noChange : undefined));
  const save = async () => {
    const metadata: { [k: string]: Json } = { name: title };
    for (const field of ["labels", "annotations", "resourceVersion"]) {
      const v = at(wanted, ["metadata", field]);
      if (v !== undefined) metadata[field] = v;
    }
    const project = { metadata, spec: at(wanted, ["spec"]) ?? {} };
    // One that is only implied, as the default project can be, is made now.
    const there = at(before, ["metadata", "resourceVersion"]) !== undefined;
    if (there) await send("PUT", `projects/${encodeURIComponent(title)}`, {}, { project });
    else await send("POST", "projects", {}, { project });
    toast(isNew ? tf.project.created(title) : tf.project.saved);
    go(`/projects/${encodeURIComponent(title)}`);
  };
  const repos = store.words("repo").filter(Boolean);
  return (
    <div class="page">
      <header class="page-head">
        <h1>{isNew ? tf.project.title : tf.project.editTitle(name)}</h1>
      </header>
      <div class="stack-lg narrow editor-form project-form">
        <section class="panel">
          <div class="form-two">
            <TextField label={tf.project.name} mono required readOnly={!isNew} value={title} onInput={(v) => change(putText(after, ["metadata", "name"], v))} />
            <TextField label={tf.project.description} value={textAt(after, ["spec", "description"])} onInput={(v) => change(putText(after, ["spec", "description"], v))} />
          </div>
          <Lines label={tf.project.sources} hint={tf.project.sourcesHint} choices={repos} value={after} path={["spec", "sourceRepos"]} change={change} />
          <Rows
            label={tf.project.destinations}
            value={after}
            path={["spec", "destinations"]}
            change={change}
            columns={[
              { key: "server", label: tf.project.server, choices: ["https://kubernetes.default.svc", "*"] },
              { key: "name", label: tf.project.cluster, choices: store.words("cluster") },
              { key: "namespace", label: tf.project.namespace, choices: store.words("destNs") },
            ]}
          />
          <Lines label={tf.project.namespaces} hint={tf.project.namespacesHint} value={after} path={["spec", "sourceNamespaces"]} change={change} />
        </section>
        <section class="panel">
          {kinds.map((k) => (
            <Rows
              key={k}
              label={tf.project.kinds[k]}
              value={after}
              path={["spec", k]}
              change={change}
              columns={[
                { key: "group", label: tf.project.group, choices: ["*", "apps", "rbac.authorization.k8s.io", "networking.k8s.io"] },
                { key: "kind", label: tf.project.kind, choices: ["*", "Namespace", "ClusterRole", "NetworkPolicy"] },
              ]}
            />
          ))}
          <Switch
            label={tf.project.orphaned}
            on={at(after, ["spec", "orphanedResources"]) !== undefined && at(after, ["spec", "orphanedResources", "warn"]) !== false}
            set={(on) => change(put(after, ["spec", "orphanedResources"], on ? { ...(at(after, ["spec", "orphanedResources"]) as { [k: string]: Json } | undefined), warn: true } : undefined))}
          />
        </section>
        <RolesForm before={before} value={after} change={change} isNew={isNew} may={may !== false} reload={() => (setOwn(null), f.reload())} />
        <WindowsForm value={after} change={change} />
        <footer class="editor-foot">
          <Button kind="primary" no={no} onClick={() => setReview(true)}>
            {tf.review}
          </Button>
          <Button onClick={() => go(back)}>{tf.discard}</Button>
          {no && <span class="faint">{no}</span>}
          <span class="grow" />
          {!isNew && name !== "default" && (
            <Button
              no={mayDelete === false ? tf.project.mayNotDelete : undefined}
              onClick={() =>
                askReason({
                  title: tf.project.deleteTitle(name),
                  text: tf.project.deleteText,
                  confirm: tf.project.delete,
                  danger: true,
                  type: name,
                  run: async (reason) => {
                    await send("DELETE", `projects/${encodeURIComponent(name)}`, { reason });
                    go("/projects");
                    return tf.project.deleted(name);
                  },
                })
              }
            >
              {tf.project.delete}
            </Button>
          )}
        </footer>
      </div>
      {review && (
        <Review
          title={`${tf.saving}: ${title}`}
          before={at(before, ["spec"]) ?? {}}
          after={at(wanted, ["spec"]) ?? {}}
          save={save}
          again={() => {
            setReview(false);
            setOwn(null);
            f.reload();
          }}
          onClose={() => setReview(false)}
        />
      )}
    </div>
  );
}

