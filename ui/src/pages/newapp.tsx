// A new application: a form, and beside it what it would deploy.
import { useState } from "preact/hooks";
import { AppForm } from "../parts/appform";
import { Button, ErrorNote } from "../parts/basic";
import { Preview } from "../parts/preview";
import { toast } from "../parts/toast";
import { change as send, Failure } from "../lib/api";
import { automation, inCluster, manifest, missing } from "../lib/appspec";
import { textAt } from "../lib/edit";
import { useMay } from "../lib/may";
import { appHref, go, param } from "../lib/router";
import { settings } from "../lib/session";
import { store } from "../lib/store";
import { t } from "../strings";
import { tf } from "../strings/forms";
import type { Json } from "../wire";

/** What a link may fill in: `/apps/new?repo=…&path=…`. */
function begun(): Json {
  const source: { [k: string]: Json } = { repoURL: param("repo"), path: param("path") };
  if (param("revision")) source["targetRevision"] = param("revision");
  return {
    metadata: { name: param("name") },
    spec: { project: param("project") || "default", source, destination: { server: inCluster, namespace: param("namespace") } },
  };
}

export default function NewApp() {
  const [app, setApp] = useState<Json>(begun);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<Failure | null>(null);
  const name = textAt(app, ["metadata", "name"]);
  const project = textAt(app, ["spec", "project"]) || "default";
  const may = useMay("applications", "create", `${project}/${name || "*"}`);
  const lacks = missing(app);
  const taken = store.loaded.value && store.name.some((n, i) => n === name && store.uid[i]);
  const no = lacks.length
    ? `${tf.app.missingLead} ${lacks.map((m) => tf.app.missing[m]).join(", ")}`
    : taken
      ? tf.app.taken(name)
      : may === false
        ? tf.app.mayNot(project)
        : undefined;
  const create = async () => {
    setBusy(true);
    setError(null);
    try {
      await send("POST", "applications", {}, manifest(app));
      toast(tf.app.created(name));
      go(appHref({ ns: settings.value?.controlNamespace ?? "", name }));
    } catch (e) {
      setError(e instanceof Failure ? e : new Failure(String(e), 13, 0));
      setBusy(false);
    }
  };
  return (
    <div class="page">
      <header class="page-head">
        <h1>{tf.app.title}</h1>
        <span class="sub">{tf.app.sub}</span>
      </header>
      <form
        class="editor"
        onSubmit={(e) => {
          e.preventDefault();
          if (no) toast(no, "warn");
          else if (!busy) void create();
        }}
      >
        <div class="editor-form">
          <AppForm app={app} change={setApp} isNew />
          {error && <ErrorNote error={error} />}
          <footer class="editor-foot">
            <Button type="submit" kind="primary" icon="plus" no={no} busy={busy}>
              {automation(app).on ? tf.app.createDeploy : tf.app.create}
            </Button>
            <Button onClick={() => go("/apps")}>{t.cancel}</Button>
            {no && <span class="faint">{no}</span>}
          </footer>
        </div>
        <Preview app={app} />
      </form>
    </div>
  );
}
