// Projects: from where to where, who, when.
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Button, Empty, ErrorNote, Skeleton } from "../parts/basic";
import { Table } from "../parts/table";
import { useFetch } from "../lib/live";
import { useMay } from "../lib/may";
import { param, setParams } from "../lib/router";
import { t } from "../strings";
import type { ArgoProject } from "../wire";
import { One } from "./projects/one";

/** The form's code comes when it is asked for. */
function Editor({ name }: { name: string }) {
  const [Form, set] = useState<ComponentType<{ name: string }> | null>(null);
  useEffect(() => void import("./projects/edit").then((m) => set(() => m.default)), []);
  return Form ? <Form key={name} name={name} /> : <Skeleton rows={10} />;
}

export default function Projects({ parts }: { parts: readonly string[] }) {
  const f = useFetch<{ items?: ArgoProject[] | null }>("projects");
  const may = useMay("projects", "create", "*");
  const name = parts[0];
  if (name && param("edit")) return <Editor name={name} />;
  if (!name && param("new")) return <Editor name="" />;
  if (!f.data)
    return (
      <div class="page">
        <h1 class="sr">{t.nav.projects}</h1>
        {f.error ? <ErrorNote error={f.error} retry={f.reload} /> : <Skeleton rows={6} height={48} />}
      </div>
    );
  const all = f.data.items ?? [];
  const one = all.find((p) => p.metadata.name === name);
  if (one) return <One project={one} />;
  if (name)
    return (
      <div class="page">
        <h1 class="sr">{name}</h1>
        <Empty icon="projects" title={t.projects.absent} />
      </div>
    );
  return (
    <div class="page">
      <header class="page-head">
        <h1>{t.nav.projects}</h1>
        <span class="grow" />
        <Button small icon="plus" no={may === false ? t.no.newProject : undefined} onClick={() => setParams({ new: "1" }, true)}>
          {t.projects.new}
        </Button>
      </header>
      {!all.length && <Empty icon="projects" title={t.projects.none} />}
      {all.length > 0 && (
        <Table
          id={(p) => p.metadata.name}
          rows={all}
          columns={[
            {
              title: t.col.project,
              cell: (p) => (
                <a class="strong" href={`/projects/${encodeURIComponent(p.metadata.name)}`}>
                  {p.metadata.name}
                </a>
              ),
            },
            { title: t.projects.description, cls: "muted wide", wide: true, cell: (p) => p.spec.description },
            { title: t.projects.sources, end: true, cell: (p) => p.spec.sourceRepos?.length ?? 0 },
            { title: t.projects.destinations, end: true, cell: (p) => p.spec.destinations?.length ?? 0 },
            { title: t.projects.windows, end: true, cell: (p) => p.spec.syncWindows?.length ?? 0 },
            { title: t.projects.roles, end: true, cell: (p) => p.spec.roles?.length ?? 0 },
          ]}
        />
      )}
    </div>
  );
}
