// The drift ledger: every change from outside, who, which field, what was done.
import { useEffect, useMemo, useState } from "preact/hooks";
import { Actor, Button, Chip, Empty } from "../parts/basic";
import { valueText } from "../parts/diff";
import { Cell, Grid, type Column } from "../parts/grid";
import { Filter, ListPage, More, usePages } from "../parts/list";
import { Table } from "../parts/table";
import { count, took, utc, when } from "../lib/format";
import { useKeys } from "../lib/keys";
import { driftSeen, useTopic } from "../lib/live";
import { param, setParams } from "../lib/router";
import { save } from "../lib/save";
import { t } from "../strings";
import type { DriftEvent, DriftPage } from "../wire";
import { Action, Detail, driftActions } from "./drift/detail";

const columns: readonly Column[] = [
  { key: "at", title: t.col.when, width: "104px" },
  { key: "actor", title: t.col.actor, width: "minmax(120px, 1fr)" },
  { key: "via", title: t.col.via, width: "minmax(90px, .9fr)", from: 1000 },
  { key: "object", title: t.col.object, width: "minmax(160px, 1.7fr)", from: 480 },
  { key: "field", title: t.col.field, width: "minmax(120px, 1.5fr)", from: 760 },
  { key: "change", title: t.drift.change, width: "minmax(120px, 1.4fr)", from: 640 },
  { key: "action", title: t.col.action, width: "112px" },
  { key: "took", title: t.col.took, width: "64px", end: true, from: 900 },
];
const sinceChoices = ["1h", "24h", "7d", "30d"] as const;
const pageSize = 200;
const filters = ["actor", "app", "cluster", "kind", "field", "action"] as const;
const groupTitle = { object: t.drift.byObject, actor: t.drift.byActor, field: t.drift.byField } as Record<string, string>;

/** `24h` as a moment. */
function moment(span: string): string {
  const m = /^(\d+)([hd])$/.exec(span);
  if (!m) return "";
  const ms = Number(m[1]) * (m[2] === "h" ? 3600_000 : 86_400_000);
  // To the minute, so that the same page is the same request.
  return new Date(Math.floor((Date.now() - ms) / 60_000) * 60_000).toISOString();
}

/** What events of a group have in common. */
function groupOf(e: DriftEvent, group: string): string {
  if (group === "actor") return e.actor.name;
  if (group === "field") return e.fields.map((x) => x.path).join(", ");
  return `${e.cluster} ${e.app.name} ${e.ref.kind}/${e.ref.name}`;
}

function Groups({ events, group }: { events: readonly DriftEvent[]; group: string }) {
  const groups = useMemo(() => {
    const by = new Map<string, DriftEvent[]>();
    for (const e of events) {
      const key = groupOf(e, group);
      const list = by.get(key);
      if (list) list.push(e);
      else by.set(key, [e]);
    }
    return [...by].sort((a, b) => b[1].length - a[1].length);
  }, [group, events]);
  return (
    <div class="pad scroll-y">
      <Table
        id={([key]) => key}
        rows={groups}
        columns={[
          { title: groupTitle[group] ?? "", cls: "strong break", cell: ([key]) => key },
          { title: t.col.count, end: true, cell: ([, list]) => count(list.length) },
          {
            title: t.col.action,
            cell: ([, list]) => [...new Set(list.map((e) => e.action))].map((a) => <Action key={a} of={a} count={list.filter((e) => e.action === a).length} />),
          },
          { title: t.drift.last, cls: "muted num", cell: ([, list]) => when(list[0]?.at ?? "") },
        ]}
      />
    </div>
  );
}

export default function Drift() {
  useTopic("drift");
  const since = param("since") || "7d";
  const query = Object.fromEntries(filters.map((k) => [k, param(k)]));
  const asked = useMemo(() => ({ ...query, since: moment(since), limit: pageSize }), [since, JSON.stringify(query)]);
  const { first, items: events, next, more } = usePages<DriftPage, DriftEvent>("drift", asked, { drift: true }, {
    items: (p) => p.events,
    id: (e) => e.id,
    cursor: "before",
    everyMs: 1000,
  });
  const [fresh, setFresh] = useState("");
  useEffect(() => driftSeen.on((e) => setFresh(e.id)), []);
  useKeys(() => [{ key: "Escape", what: t.keys.clear, run: () => setParams({ id: "" }) }], []);
  const group = param("group");
  const open = events.find((e) => e.id === param("id"));
  const no = events.length ? undefined : t.drift.none;

  return (
    <ListPage
      cls="drift"
      title={t.nav.drift}
      sub={first.data && t.drift.summary(first.data.events.length, !!first.data.next, first.data.actors, first.data.open)}
      first={first}
      tools={
        <>
          <Button small icon="download" no={no} onClick={() => save("drift.jsonl", events.map((e) => JSON.stringify(e)).join("\n"))}>
            JSONL
          </Button>
          <Button small icon="download" no={no} onClick={() => save("drift.csv", csv(events))}>
            CSV
          </Button>
        </>
      }
      filters={
        <>
          <div class="segmented" role="group" aria-label={t.drift.since}>
            {sinceChoices.map((s) => (
              <button key={s} type="button" class={since === s ? "on" : ""} aria-pressed={since === s} onClick={() => setParams({ since: s === "7d" ? "" : s })}>
                {s}
              </button>
            ))}
          </div>
          {filters.map((k) =>
            k === "action" ? (
              <select key={k} class="select" aria-label={t.col.action} value={param("action")} onChange={(e) => setParams({ action: e.currentTarget.value })}>
                <option value="">{t.drift.anyAction}</option>
                {driftActions.map((a) => (
                  <option key={a} value={a}>
                    {t.drift.action[a]}
                  </option>
                ))}
              </select>
            ) : (
              <Filter key={k} name={k} label={t.drift.filter[k]} main={k === "actor"} />
            ),
          )}
          <select class="select" aria-label={t.drift.group} value={group} onChange={(e) => setParams({ group: e.currentTarget.value })}>
            <option value="">{t.drift.noGroup}</option>
            {Object.entries(groupTitle).map(([key, word]) => (
              <option key={key} value={key}>
                {word}
              </option>
            ))}
          </select>
        </>
      }
    >
      {group ? (
        <Groups events={events} group={group} />
      ) : (
        <div class="split">
          <Grid
            label={t.nav.drift}
            columns={columns}
            count={events.length}
            id={(i) => events[i]?.id ?? ""}
            open={(i) => setParams({ id: open?.id === events[i]?.id ? "" : (events[i]?.id ?? "") })}
            empty={
              <Empty icon="check" title={t.drift.none}>
                {t.drift.noneText}
              </Empty>
            }
            after={<More next={next} more={more} label={t.older} />}
            cells={(i, shown) => {
              const e = events[i];
              return e ? shown.map((c) => cell(e, c.key, e.id === fresh)) : null;
            }}
          />
          {open && <Detail e={open} />}
        </div>
      )}
    </ListPage>
  );
}

function cell(e: DriftEvent, key: string, isFresh: boolean) {
  const one = e.fields[0];
  switch (key) {
    case "at":
      return (
        <Cell key="at" cls={`num muted${isFresh ? " fresh" : ""}`} title={utc(e.at)}>
          {when(e.at)}
        </Cell>
      );
    case "actor":
      return (
        <Cell key="actor" cls="strong">
          <Actor who={e.actor} />
        </Cell>
      );
    case "via":
      return (
        <Cell key="via">
          <span class="trunc muted">{e.actor.via}</span>
        </Cell>
      );
    case "object":
      return (
        <Cell key="object" title={`${e.cluster} ${e.ref.namespace}/${e.ref.name}`}>
          <span class="trunc">
            <span class="faint">{e.app.name} </span>
            {e.ref.kind}/{e.ref.name}
          </span>
        </Cell>
      );
    case "field":
      return (
        <Cell key="field" title={e.fields.map((x) => x.path).join("\n")}>
          <span class="trunc mono">{one?.path ?? "–"}</span>
          {e.fields.length > 1 && <Chip>+{e.fields.length - 1}</Chip>}
        </Cell>
      );
    case "change":
      return (
        <Cell key="change" title={one ? `${valueText(one.git)} → ${valueText(one.live)}` : ""}>
          {one && (
            <span class="trunc mono">
              {valueText(one.git)} <span class="faint">→</span> <span class="strong">{valueText(one.live)}</span>
            </span>
          )}
        </Cell>
      );
    case "action":
      return (
        <Cell key="action" title={e.note}>
          <Action of={e.action} />
        </Cell>
      );
    default:
      return (
        <Cell key={key} end cls="num muted">
          {e.tookMs === undefined ? "–" : took(e.tookMs)}
        </Cell>
      );
  }
}

function csv(events: readonly DriftEvent[]): string {
  const cell = (v: string): string => {
    // A spreadsheet must not take a name for a formula.
    const safe = /^[=+\-@\t\r]/.test(v) ? `'${v}` : v;
    return /[",\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  const head = ["at", "actor", "grade", "via", "cluster", "application", "kind", "namespace", "name", "field", "git", "live", "action", "took_ms", "note"];
  const rows = events.flatMap((e) =>
    e.fields.map((x) =>
      [
        e.at, e.actor.name, e.actor.grade, e.actor.via, e.cluster, `${e.app.ns}/${e.app.name}`, e.ref.kind, e.ref.namespace, e.ref.name,
        x.path, valueText(x.git), valueText(x.live), e.action, String(e.tookMs ?? ""), e.note,
      ].map(cell).join(","),
    ),
  );
  return [head.join(","), ...rows].join("\n");
}
