// Who did what, in order; nothing is ever taken out.
import { Actor, Button, Chip, Empty, type Tone } from "../parts/basic";
import { Cell, Grid, type Column } from "../parts/grid";
import { Filter, ListPage, More, usePages } from "../parts/list";
import { short, utc, when } from "../lib/format";
import { useTopic } from "../lib/live";
import { appHref, go, param } from "../lib/router";
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
const tone: Record<string, Tone> = {
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
  const { first, items: entries, next, more } = usePages<AuditPage, AuditEntry>("audit", query, { audit: true }, {
    items: (p) => p.entries,
    id: (e) => String(e.seq),
    cursor: "before",
    everyMs: 1000,
  });
  return (
    <ListPage
      title={t.nav.audit}
      sub={t.audit.sub}
      first={first}
      tools={
        <Button small icon="download" no={entries.length ? undefined : t.audit.none} onClick={() => save("audit.jsonl", entries.map((e) => JSON.stringify(e)).join("\n"))}>
          JSONL
        </Button>
      }
      filters={filters.map((k) => (
        <Filter key={k} name={k} label={t.audit.filter[k]} main={k === "actor"} />
      ))}
    >
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
        after={<More next={next} more={more} label={t.older} />}
        cells={(i, shown) => {
          const e = entries[i];
          return e ? shown.map((c) => cell(e, c.key)) : null;
        }}
      />
    </ListPage>
  );
}

function cell(e: AuditEntry, key: string) {
  switch (key) {
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
        <Cell key={key} title={e.message}>
          <span class="trunc muted">{e.message}</span>
        </Cell>
      );
  }
}
