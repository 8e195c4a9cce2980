// Local accounts: their tokens, one's own password. A token is shown once.
import { useState } from "preact/hooks";
import { Button, Chip, ErrorNote, Since, Skeleton } from "../../parts/basic";
import { askReason } from "../../parts/plan-host";
import { toast } from "../../parts/toast";
import { NewToken } from "../../parts/token";
import { change, Failure } from "../../lib/api";
import { useFetch } from "../../lib/live";
import { settings, user } from "../../lib/session";
import { t } from "../../strings";

type Token = { id: string; issuedAt?: number | string; expiresAt?: number | string };
type Account = { name: string; enabled: boolean; capabilities?: string[] | null; tokens?: Token[] | null };

const failed = (e: unknown): void => toast(e instanceof Error ? e.message : String(e), "bad", e instanceof Failure ? e.hint : "");

function Password() {
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const submit = () => {
    change("PUT", "account/password", {}, { currentPassword: current, newPassword: next }).then(() => {
      toast(t.accounts.changed);
      setCurrent("");
      setNext("");
    }, failed);
  };
  return (
    <form
      class="filters"
      onSubmit={(e) => {
        e.preventDefault();
        if (current && next) submit();
      }}
    >
      <input class="input" type="password" autocomplete="current-password" aria-label={t.accounts.current} placeholder={t.accounts.current} value={current} onInput={(e) => setCurrent(e.currentTarget.value)} />
      <input class="input" type="password" autocomplete="new-password" aria-label={t.accounts.next} placeholder={t.accounts.next} value={next} onInput={(e) => setNext(e.currentTarget.value)} />
      <Button type="submit" no={current && next ? undefined : t.accounts.both}>
        {t.accounts.change}
      </Button>
    </form>
  );
}

export default function Accounts() {
  const f = useFetch<{ items?: Account[] | null }>("account");
  const own = user.value?.username;
  if (!f.data) return f.error ? <ErrorNote error={f.error} /> : <Skeleton rows={2} />;
  const list = f.data.items ?? [];
  return (
    <>
      {!list.length && <p class="muted">{t.accounts.none}</p>}
      <ul class="stack-lg">
        {list.map((a) => (
          <li key={a.name} class="stack">
            <p class="line wrap">
              <span class="strong">{a.name}</span>
              {a.capabilities?.map((c) => <Chip key={c}>{c}</Chip>)}
              {!a.enabled && <Chip tone="bad">{t.accounts.disabled}</Chip>}
            </p>
            {a.tokens?.map((k) => (
              <p key={k.id} class="line wrap">
                <span class="mono break">{k.id}</span>
                <span class="faint">
                  <Since at={Number(k.issuedAt ?? 0)} ago />
                </span>
                <span class="grow" />
                <Button
                  small
                  icon="close"
                  onClick={() =>
                    askReason({
                      title: t.accounts.revokeTitle(a.name),
                      text: t.accounts.revokeText,
                      confirm: t.accounts.revoke,
                      danger: true,
                      run: async (reason) => {
                        await change("DELETE", `account/${encodeURIComponent(a.name)}/token/${encodeURIComponent(k.id)}`, { reason });
                        f.reload();
                        return t.accounts.revoked;
                      },
                    })
                  }
                >
                  {t.accounts.revoke}
                </Button>
              </p>
            ))}
            {a.capabilities?.includes("apiKey") && <NewToken what={t.accounts.newTokenOf(a.name)} path={`account/${encodeURIComponent(a.name)}/token`} made={f.reload} />}
            {a.name === own && settings.value?.login.local && <Password />}
          </li>
        ))}
      </ul>
    </>
  );
}
