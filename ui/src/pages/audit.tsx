// Who did what, in order; nothing is ever taken out.
import { useEffect, useState } from "preact/hooks";
import { Actor, Button, Chip, Empty, ErrorNote, Skeleton } from "../parts/basic";
import { Cell, Grid, type Column } from "../parts/grid";
import { get } from "../lib/api";
import { short, utc, when } from "../lib/format";
import { useFetch, useTopic } from "../lib/live";
import { appHref, go, param, setParams } from "../lib/router";
import { save } from "../lib/save";
import { t } from "../strings";
import type { AuditEntry, AuditPage } from "../wire";

const columns: readonly Column[] = [
  { key: "seq", title: "#", width: "64px", from: 700 },
  { key: "at", title: t.col.when, width: "104px" },
  { key: "action", title: t.col.action, width: "116px" },
  { key: "actor", title: t.col.actor, width: "minmax(150px, 1.8fr)" },
  { key: "app", title: t.col.app, width: "minmax(90px, 1fr)", from: 480 },
  { key: "change", title: t.audit.change, width: "minmax(140px, 1fr)", from: 820 },
  { key: "message", title: t.col.message, width: "minmax(160px, 3fr)", from: 640 },
];
const filters = ["actor", "app", "action"] as const;
const pageSize = 200;
const tone: Record<string, "ok" | "warn" | "bad" | "hold" | "run" | "mute"> = {
  sync: "run",
  heal: "ok",
  drift: "warn",
  rollback: "bad",
  hold: "hold",
  held: "hold",
  unhold: "hold",
  pause: "hold",
  resume: "run",
  refused: "bad",
  failed: "bad",
};

export default function Audit() {
  useTopic("audit");
  const query = { ...Object.fromEntries(filters.map((k) => [k, param(k)])), limit: pageSize };
  const key = JSON.stringify(query);
  const f = useFetch<AuditPage>("audit", query, { audit: true }, 1000);
  const [older, setOlder] = useState<AuditPage | null>(null);
  useEffect(() => setOlder(null), [key]);
  const seen = new Set<number>();
  const entries = [...(f.data?.entries ?? []), ...(older?.entries ?? [])].filter((e) => !seen.has(e.seq) && seen.add(e.seq));
  const next = older ? older.next : f.data?.next;
  const more = async () => {
    const page = await get<AuditPage>("audit", { ...query, before: next });
    setOlder({ entries: [...(older?.entries ?? []), ...page.entries], ...(page.next ? { next: page.next } : {}) });
  };
  return (
    <div class="page-fill">
      <div class="list-head">
        <header class="page-head">
          <h1>{t.nav.audit}</h1>
          <span class="sub">{t.audit.sub}</span>
          <span class="grow" />
          <Button small icon="download" no={entries.length ? undefined : t.audit.none} onClick={() => save("audit.jsonl", entries.map((e) => JSON.stringify(e)).join("\n"))}>
            JSONL
          </Button>
        </header>
        <div class="filters">
          {filters.map((k) => (
            <input
              key={k}
              class="input input-s"
              type="search"
              {...(k === "actor" ? { "data-query": true } : {})}
              aria-label={t.audit.filter[k]}
              placeholder={t.audit.filter[k]}
              value={param(k)}
              onChange={(e) => setParams({ [k]: e.currentTarget.value })}
            />
          ))}
        </div>
      </div>
      {f.error && !f.data && <ErrorNote error={f.error} retry={f.reload} />}
      {!f.data && !f.error && <Skeleton rows={12} />}
      {f.data && (
        <Grid
          label={t.nav.audit}
          columns={columns}
          count={entries.length}
          id={(i) => String(entries[i]?.seq ?? i)}
          open={(i) => {
            const e = entries[i];
            if (e?.app.name) go(appHref(e.app, "timeline"));
          }}
          empty={<Empty icon="audit" title={t.audit.none} />}
          after={
            next ? (
              <div class="pad">
                <Button onClick={() => void more()}>{t.older}</Button>
              </div>
            ) : null
          }
          cells={(i, shown) => {
            const e: AuditEntry | undefined = entries[i];
            if (!e) return null;
            return shown.map((c) => {
              switch (c.key) {
                case "seq":
                  return (
                    <Cell key="seq" cls="num faint">
                      {e.seq}
                    </Cell>
                  );
                case "at":
                  return (
                    <Cell key="at" cls="num muted" title={utc(e.at)}>
                      {when(e.at)}
                    </Cell>
                  );
                case "action":
                  return (
                    <Cell key="action">
                      <Chip tone={tone[e.action] ?? "mute"}>{e.action}</Chip>
                    </Cell>
                  );
                case "actor":
                  return (
                    <Cell key="actor" title={`${e.actor.name} ${e.actor.via}`}>
                      <Actor who={e.actor} via />
                    </Cell>
                  );
                case "app":
                  return (
                    <Cell key="app">
                      <span class="strong trunc">{e.app.name}</span>
                    </Cell>
                  );
                case "change":
                  return (
                    <Cell key="change" title={`${e.from} → ${e.to}`}>
                      {(e.from || e.to) && (
                        <span class="mono trunc">
                          {short(e.from) || "∅"} <span class="faint">→</span> {short(e.to) || "∅"}
                        </span>
                      )}
                    </Cell>
                  );
                default:
                  return (
                    <Cell key={c.key} title={e.message}>
                      <span class="trunc muted">{e.message}</span>
                    </Cell>
                  );
              }
            });
          }}
        />
      )}
    </div>
  );
}
