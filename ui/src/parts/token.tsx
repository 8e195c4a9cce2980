// A new token, which is shown once.
import { useState } from "preact/hooks";
import { change, Failure } from "../lib/api";
import { t } from "../strings";
import { Button, Copy, Note } from "./basic";
import { toast } from "./toast";

const spans: [string, number][] = [
  ["1d", 86_400],
  ["30d", 30 * 86_400],
  ["90d", 90 * 86_400],
  ["", 0],
];

/** `made` is called at once, `done` when the token was taken down. */
export function NewToken({ what, path, made, done }: { what: string; path: string; made: () => void; done?: () => void }) {
  const [span, setSpan] = useState("30d");
  const [token, setToken] = useState("");
  const make = () => {
    const expiresIn = spans.find(([w]) => w === span)?.[1] ?? 0;
    change<{ token: string }>("POST", path, {}, { expiresIn }).then(
      (r) => {
        setToken(r.token);
        made();
      },
      (e: unknown) => toast(e instanceof Error ? e.message : String(e), "bad", e instanceof Failure ? e.hint : ""),
    );
  };
  if (token)
    return (
      <Note tone="ok" icon="key">
        <p>{t.accounts.once}</p>
        <p class="line">
          <code class="break grow">{token}</code>
          <Copy text={token} />
          {done && (
            <Button
              small
              onClick={() => {
                setToken("");
                done();
              }}
            >
              {t.accounts.taken}
            </Button>
          )}
        </p>
      </Note>
    );
  return (
    <div class="line wrap">
      <select class="select select-s" aria-label={`${what}: ${t.accounts.lasts}`} value={span} onChange={(e) => setSpan(e.currentTarget.value)}>
        {spans.map(([w]) => (
          <option key={w} value={w}>
            {w || t.accounts.forever}
          </option>
        ))}
      </select>
      <Button small icon="plus" label={what} onClick={make}>
        {t.accounts.newToken}
      </Button>
    </div>
  );
}
