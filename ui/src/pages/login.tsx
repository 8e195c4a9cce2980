// Before anything else: who is it?
import { useState } from "preact/hooks";
import { Button, ErrorNote, Note } from "../parts/basic";
import { Anchor } from "../parts/icon";
import { Failure } from "../lib/api";
import { param } from "../lib/router";
import { login, settings, simulated } from "../lib/session";
import { t } from "../strings";

export default function Login() {
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [error, setError] = useState<Failure | null>(null);
  const [busy, setBusy] = useState(false);
  const how = settings.value?.login;
  const submit = async () => {
    setBusy(true);
    setError(null);
    try {
      await login(name, password);
    } catch (e) {
      setError(e instanceof Failure ? e : new Failure(String(e), 13, 0));
      setPassword("");
    }
    setBusy(false);
  };
  return (
    <main class="alone">
      <div class="login">
        <div class="login-brand">
          <Anchor size={36} />
          <h1>Windlass</h1>
          {simulated.value && <p class="faint">{t.banner.simulated}</p>}
        </div>
        {param("reason") === "link" && (
          <Note tone="warn" icon="alert">
            <p>{t.login.usedLink}</p>
          </Note>
        )}
        {param("reason") === "sso" && (
          <Note tone="bad" icon="alert">
            <p>{t.login.ssoFailed}</p>
          </Note>
        )}
        {error && <ErrorNote error={error} />}
        {how?.oidc && (
          <a class="btn btn-primary btn-wide" href={`/auth/login?return_url=${encodeURIComponent(location.pathname === "/login" ? "/" : location.pathname + location.search)}`}>
            <span>{t.login.with(how.oidc.name)}</span>
          </a>
        )}
        {how?.oidc && how.local && <p class="login-or faint">{t.login.or}</p>}
        {how?.local && (
          <form
            class="stack"
            onSubmit={(e) => {
              e.preventDefault();
              void submit();
            }}
          >
            <label class="field">
              <span>{t.login.name}</span>
              <input type="text" autocomplete="username" autofocus value={name} onInput={(e) => setName(e.currentTarget.value)} />
            </label>
            <label class="field">
              <span>{t.login.password}</span>
              <input type="password" autocomplete="current-password" value={password} onInput={(e) => setPassword(e.currentTarget.value)} />
            </label>
            <Button type="submit" kind={how.oidc ? "plain" : "primary"} busy={busy}>
              {t.login.go}
            </Button>
          </form>
        )}
        {how && !how.local && !how.oidc && <p class="muted">{t.login.tokenOnly}</p>}
      </div>
    </main>
  );
}
