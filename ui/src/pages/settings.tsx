// This browser's settings, who we are, and the server's (read only: they are in the cluster).
import { Chip, ErrorNote, Skeleton } from "../parts/basic";
import { repoName } from "../lib/format";
import { paused, setPaused, useFetch } from "../lib/live";
import { mayShare, saveViews, sharedViews, shareViews, views } from "../lib/preferences";
import { setSingleKeys, setTheme, settings, singleKeys, theme, user } from "../lib/session";
import { t } from "../strings";
import type { ArgoRepository, Policy, SavedView } from "../wire";
import Accounts from "./settings/accounts";

function Views({ title, list, keep }: { title: string; list: readonly SavedView[]; keep?: (list: readonly SavedView[]) => void }) {
  if (!list.length) return null;
  return (
    <div class="pref">
      <span>{title}</span>
      <ul class="stack">
        {list.map((v) => (
          <li key={v.search} class="line">
            <a class="link mono break" href={`/apps${v.search}`}>
              {v.name}
            </a>
            {keep && (
              <button type="button" class="text-button" onClick={() => keep(list.filter((x) => x !== v))}>
                {t.prefs.forget}
              </button>
            )}
          </li>
        ))}
      </ul>
    </div>
  );
}

export default function Settings() {
  const repos = useFetch<{ items?: ArgoRepository[] | null }>("repositories");
  const policy = useFetch<Policy>("policy");
  const s = settings.value;
  const who = user.value;
  return (
    <div class="page narrow stack-lg">
      <header class="page-head">
        <h1>{t.nav.settings}</h1>
      </header>
      <section class="panel">
        <h2>{t.prefs.browser}</h2>
        <div class="pref">
          <span>{t.theme.label}</span>
          <div class="segmented" role="group" aria-label={t.theme.label}>
            {(["auto", "light", "dark"] as const).map((x) => (
              <button key={x} type="button" class={theme.value === x ? "on" : ""} aria-pressed={theme.value === x} onClick={() => setTheme(x)}>
                {t.theme[x]}
              </button>
            ))}
          </div>
        </div>
        <label class="pref">
          <span>
            {t.prefs.keys}
            <span class="faint block">{t.prefs.keysHint}</span>
          </span>
          <input type="checkbox" checked={singleKeys.value} onChange={(e) => setSingleKeys(e.currentTarget.checked)} />
        </label>
        <label class="pref">
          <span>
            {t.prefs.pause}
            <span class="faint block">{t.prefs.pauseHint}</span>
          </span>
          <input type="checkbox" checked={paused.value} onChange={(e) => setPaused(e.currentTarget.checked)} />
        </label>
        <Views title={t.apps.views} list={views.value} keep={saveViews} />
        <Views title={t.apps.sharedViews} list={sharedViews.value} {...(mayShare.value ? { keep: (l: readonly SavedView[]) => void shareViews(l) } : {})} />
      </section>
      <section class="panel">
        <h2>{t.prefs.you}</h2>
        <dl class="facts">
          <dt>{t.prefs.name}</dt>
          <dd>{who?.loggedIn ? who.username : t.prefs.anonymous}</dd>
          <dt>{t.prefs.groups}</dt>
          <dd>{who?.groups?.length ? who.groups.join(", ") : "–"}</dd>
          <dt>{t.prefs.issuer}</dt>
          <dd>{who?.iss || "–"}</dd>
        </dl>
      </section>
      <section class="panel">
        <h2>{t.prefs.server}</h2>
        <dl class="facts">
          <dt>{t.prefs.version}</dt>
          <dd class="mono">{s?.version}</dd>
          <dt>{t.prefs.mode}</dt>
          <dd>{s && t.mode[s.mode]}</dd>
          <dt>{t.prefs.controlNamespace}</dt>
          <dd class="mono">{s?.controlNamespace}</dd>
          <dt>{t.prefs.logins}</dt>
          <dd>{[s?.login.local && t.prefs.local, s?.login.oidc?.name].filter(Boolean).join(", ") || t.prefs.tokenOnly}</dd>
        </dl>
      </section>
      <section class="panel">
        <h2>{t.accounts.title}</h2>
        <Accounts />
      </section>
      <section class="panel">
        <h2>{t.prefs.repos}</h2>
        {repos.error && !repos.data && <ErrorNote error={repos.error} />}
        {!repos.data && !repos.error && <Skeleton rows={2} />}
        <ul class="stack">
          {repos.data?.items?.map((r) => (
            <li key={r.repo + (r.project ?? "")} class="line wrap">
              <span class="mono break">{repoName(r.repo)}</span>
              <Chip>{r.type ?? "git"}</Chip>
              {r.project && <Chip icon="projects">{r.project}</Chip>}
              {r.connectionState?.status && r.connectionState.status !== "Successful" && (
                <Chip tone="bad" icon="alert">
                  {r.connectionState.message || r.connectionState.status}
                </Chip>
              )}
            </li>
          ))}
          {repos.data && !repos.data.items?.length && <li class="muted">{t.prefs.noRepos}</li>}
        </ul>
      </section>
      <section class="panel">
        <h2>{t.prefs.policy}</h2>
        {policy.error && !policy.data && <ErrorNote error={policy.error} />}
        {policy.data && (
          <>
            <p class="muted">{t.prefs.policyDefault(policy.data.default, policy.data.matchMode)}</p>
            <ol class="policy" tabIndex={0} aria-label={t.prefs.policy}>
              {policy.data.rules.map((r, i) => (
                <li key={i} class={r.problem ? "tone-bad" : ""}>
                  <span class="faint num">{r.source ? `${r.source}:${r.line}` : r.line}</span> <span class="mono break">{r.text}</span>
                  {r.problem && <span> {r.problem}</span>}
                </li>
              ))}
            </ol>
          </>
        )}
      </section>
    </div>
  );
}
