// One project, as it is. And "may this person do that?", answered with the rule.
import { useState } from "preact/hooks";
import { Button, Chip, ErrorNote, Note, WebLink, webLinks } from "../../parts/basic";
import { Failure, get } from "../../lib/api";
import { useFetch } from "../../lib/live";
import { useMay } from "../../lib/may";
import { listHref, term } from "../../lib/query";
import { setParams } from "../../lib/router";
import { t } from "../../strings";
import type { ArgoProject, CanI } from "../../wire";

function Words({ list, none }: { list: readonly string[] | undefined; none: string }) {
  if (!list?.length) return <span class="muted">{none}</span>;
  return (
    <span class="chips wrap">
      {list.map((x) => (
        <span key={x} class="chip mono">
          {x}
        </span>
      ))}
    </span>
  );
}

function CanICheck({ project }: { project: string }) {
  const [user, setUser] = useState("");
  const [action, setAction] = useState("sync");
  const [object, setObject] = useState(`${project}/*`);
  const [answer, setAnswer] = useState<CanI | null>(null);
  const [error, setError] = useState<Failure | null>(null);
  const ask = () => {
    setError(null);
    get<CanI>("can-i", { user, resource: "applications", action, object }).then(setAnswer, (e: unknown) =>
      setError(e instanceof Failure ? e : new Failure(String(e), 13, 0)),
    );
  };
  return (
    <section class="panel">
      <h2>{t.projects.check}</h2>
      <form
        class="filters"
        onSubmit={(e) => {
          e.preventDefault();
          ask();
        }}
      >
        <span>{t.projects.may}</span>
        <input class="input input-s" aria-label={t.projects.user} placeholder={t.projects.user} value={user} onInput={(e) => setUser(e.currentTarget.value)} />
        <select class="select" aria-label={t.col.action} value={action} onChange={(e) => setAction(e.currentTarget.value)}>
          {["get", "sync", "create", "update", "delete", "override", "action/*"].map((a) => (
            <option key={a}>{a}</option>
          ))}
        </select>
        <input class="input input-s mono" aria-label={t.col.object} value={object} onInput={(e) => setObject(e.currentTarget.value)} />
        <Button type="submit" no={user.trim() ? undefined : t.projects.userFirst} onClick={() => {}}>
          {t.projects.ask}
        </Button>
      </form>
      {error && <ErrorNote error={error} />}
      {answer && (
        <Note tone={answer.allowed ? "ok" : "bad"} icon={answer.allowed ? "check" : "close"}>
          <p>
            <strong>{answer.allowed ? t.projects.yes : t.projects.no}</strong> {answer.why}
          </p>
          {answer.rule && (
            <p class="mono muted">
              {answer.rule} <span class="faint">{answer.source}</span>
            </p>
          )}
        </Note>
      )}
    </section>
  );
}

export function One({ project: p }: { project: ArgoProject }) {
  const links = useFetch<{ items?: { title: string; url: string }[] | null }>(`projects/${encodeURIComponent(p.metadata.name)}/links`);
  const may = useMay("projects", "update", p.metadata.name);
  const s = p.spec;
  return (
    <div class="page narrow stack-lg">
      <header class="page-head">
        <h1>{p.metadata.name}</h1>
        <span class="sub">{s.description}</span>
        <span class="grow" />
        {webLinks(links.data?.items).map((l) => (
          <WebLink key={l.url} {...l} />
        ))}
        <a class="link" href={listHref(term("project", p.metadata.name))}>
          {t.projects.apps}
        </a>
        <Button small icon="settings" no={may === false ? t.no.project : undefined} onClick={() => setParams({ edit: "1" }, true)}>
          {t.projects.edit}
        </Button>
      </header>
      <section class="panel">
        <h2>{t.projects.allowed}</h2>
        <dl class="facts">
          <dt>{t.projects.sources}</dt>
          <dd>
            <Words list={s.sourceRepos} none={t.projects.nothing} />
          </dd>
          <dt>{t.projects.destinations}</dt>
          <dd>
            <Words list={s.destinations?.map((d) => `${d.name || d.server || "*"}: ${d.namespace ?? "*"}`)} none={t.projects.nothing} />
          </dd>
          <dt>{t.projects.clusterKinds}</dt>
          <dd>
            <Words list={s.clusterResourceWhitelist?.map((k) => `${k.group || "core"}/${k.kind}`)} none={t.projects.nothing} />
          </dd>
          <dt>{t.projects.deniedKinds}</dt>
          <dd>
            <Words list={s.namespaceResourceBlacklist?.map((k) => `${k.group || "core"}/${k.kind}`)} none={t.projects.nothing} />
          </dd>
        </dl>
      </section>
      <section class="panel">
        <h2>{t.projects.windows}</h2>
        {s.syncWindows?.length ? (
          <ul class="stack">
            {s.syncWindows.map((w, i) => (
              <li key={i} class="line wrap">
                <Chip tone={w.kind === "deny" ? "bad" : "ok"}>{w.kind}</Chip>
                <span class="mono">{w.schedule}</span>
                <span class="muted">
                  {t.projects.lasts} {w.duration} {w.timeZone}
                </span>
                <span class="faint">{[...(w.applications ?? []), ...(w.namespaces ?? []), ...(w.clusters ?? [])].join(", ")}</span>
                {w.manualSync && <Chip>{t.projects.manualAllowed}</Chip>}
              </li>
            ))}
          </ul>
        ) : (
          <p class="muted">{t.setup.noWindows}</p>
        )}
      </section>
      <section class="panel">
        <h2>{t.projects.roles}</h2>
        {s.roles?.length ? (
          s.roles.map((r) => (
            <div key={r.name} class="stack">
              <p>
                <span class="strong">{r.name}</span> <span class="muted">{r.description}</span>
              </p>
              {r.policies?.map((p) => (
                <p key={p} class="mono muted">
                  {p}
                </p>
              ))}
              {r.groups?.length ? <Words list={r.groups} none="" /> : null}
            </div>
          ))
        ) : (
          <p class="muted">{t.projects.noRoles}</p>
        )}
      </section>
      <CanICheck project={p.metadata.name} />
    </div>
  );
}
