// The drift ledger: every change from outside, who, which field, what was done.
import { useEffect, useMemo, useState } from "preact/hooks";
import { Actor, Button, Chip, copyText, Empty, ErrorNote, Skeleton } from "../parts/basic";
import { Cell, Grid, type Column } from "../parts/grid";
import { Path, valueText } from "../parts/diff";
import { toast } from "../parts/toast";
import { get } from "../lib/api";
import { ignoreRule } from "../lib/ignore";
import { count, took, utc, when } from "../lib/format";
import { useKeys } from "../lib/keys";
import { driftSeen, useFetch, useTopic } from "../lib/live";
import { appHref, param, setParams } from "../lib/router";
import { save } from "../lib/save";
import { t } from "../strings";
import type { DriftAction, DriftEvent, DriftPage } from "../wire";

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
export const actionLook: Record<DriftAction, ["ok" | "warn" | "hold" | "mute" | "run", "check" | "alert" | "lock" | "close" | "commit"]> = {
  healed: ["ok", "check"],
  open: ["warn", "alert"],
  kept: ["hold", "lock"],
  ignored: ["mute", "close"],
  adopted: ["run", "commit"],
};
const sinceChoices = ["1h", "24h", "7d", "30d"] as const;
const pageSize = 200;
const filters = ["actor", "app", "cluster", "kind", "field", "action"] as const;

/** `24h` as a moment. */
function moment(span: string): string {
  const m = /^(\d+)([hd])$/.exec(span);
  if (!m) return "";
  const ms = Number(m[1]) * (m[2] === "h" ? 3600_000 : 86_400_000);
  // To the minute, so that the same page is the same request.
  return new Date(Math.floor((Date.now() - ms) / 60_000) * 60_000).toISOString();
}

export default function Drift() {
  useTopic("drift");
  const since = param("since") || "7d";
  const query = Object.fromEntries(filters.map((k) => [k, param(k)]));
  const asked = useMemo(() => ({ ...query, since: moment(since), limit: pageSize }), [since, JSON.stringify(query)]);
  const f = useFetch<DriftPage>("drift", asked, { drift: true }, 1000);
  const [older, setOlder] = useState<{ events: DriftEvent[]; next?: string | undefined } | null>(null);
  const [fresh, setFresh] = useState("");
  const group = param("group");
  useEffect(() => setOlder(null), [asked]);
  useEffect(() => driftSeen.on((e) => setFresh(e.id)), []);

  const events = useMemo(() => {
    const seen = new Set<string>();
    return [...(f.data?.events ?? []), ...(older?.events ?? [])].filter((e) => !seen.has(e.id) && seen.add(e.id));
  }, [f.data, older]);
  const open = events.find((e) => e.id === param("id"));
  const next = older ? older.next : f.data?.next;
  const more = async () => {
    const page = await get<DriftPage>("drift", { ...asked, before: next });
    setOlder({ events: [...(older?.events ?? []), ...page.events], next: page.next });
  };
  useKeys(() => [{ key: "Escape", what: t.keys.clear, run: () => setParams({ id: "" }) }], []);

  const groups = useMemo(() => {
    if (!group) return [];
    const by = new Map<string, DriftEvent[]>();
    for (const e of events) {
      const key =
        group === "actor" ? e.actor.name : group === "field" ? e.fields.map((x) => x.path).join(", ") : `${e.cluster} ${e.app.name} ${e.ref.kind}/${e.ref.name}`;
      by.set(key, [...(by.get(key) ?? []), e]);
    }
    return [...by].sort((a, b) => b[1].length - a[1].length);
  }, [group, events]);

  return (
    <div class="page-fill drift">
      <div class="list-head">
        <header class="page-head">
          <h1>{t.nav.drift}</h1>
          {f.data && <span class="sub num">{t.drift.summary(f.data.events.length, !!f.data.next, f.data.actors, f.data.open)}</span>}
          <span class="grow" />
          <Button small icon="download" no={events.length ? undefined : t.drift.none} onClick={() => save("drift.jsonl", events.map((e) => JSON.stringify(e)).join("\n"))}>
            JSONL
          </Button>
          <Button small icon="download" no={events.length ? undefined : t.drift.none} onClick={() => save("drift.csv", csv(events))}>
            CSV
          </Button>
        </header>
        <div class="filters">
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
                {(Object.keys(actionLook) as DriftAction[]).map((a) => (
                  <option key={a} value={a}>
                    {t.drift.action[a]}
                  </option>
                ))}
              </select>
            ) : (
              <input
                key={k}
                class="input input-s"
                type="search"
                {...(k === "actor" ? { "data-query": true } : {})}
                aria-label={t.drift.filter[k]}
                placeholder={t.drift.filter[k]}
                value={param(k)}
                onChange={(e) => setParams({ [k]: e.currentTarget.value })}
              />
            ),
          )}
          <select class="select" aria-label={t.drift.group} value={group} onChange={(e) => setParams({ group: e.currentTarget.value })}>
            <option value="">{t.drift.noGroup}</option>
            <option value="object">{t.drift.byObject}</option>
            <option value="actor">{t.drift.byActor}</option>
            <option value="field">{t.drift.byField}</option>
          </select>
        </div>
      </div>
      {f.error && !f.data && <ErrorNote error={f.error} retry={f.reload} />}
      {!f.data && !f.error && <Skeleton rows={12} />}
      {f.data &&
        (group ? (
          <div class="pad scroll-y">
            <table class="table">
              <thead>
                <tr>
                  <th scope="col">{t.drift[group === "actor" ? "byActor" : group === "field" ? "byField" : "byObject"]}</th>
                  <th scope="col" class="end">
                    {t.col.count}
                  </th>
                  <th scope="col">{t.col.action}</th>
                  <th scope="col">{t.drift.last}</th>
                </tr>
              </thead>
              <tbody>
                {groups.map(([key, list]) => (
                  <tr key={key}>
                    <td class="strong break">{key}</td>
                    <td class="end num">{count(list.length)}</td>
                    <td>
                      {[...new Set(list.map((e) => e.action))].map((a) => (
                        <Chip key={a} tone={actionLook[a][0]} icon={actionLook[a][1]}>
                          {t.drift.action[a]} {list.filter((e) => e.action === a).length}
                        </Chip>
                      ))}
                    </td>
                    <td class="muted num">{when(list[0]?.at ?? "")}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
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
              after={
                next ? (
                  <div class="pad">
                    <Button onClick={() => void more()}>{t.older}</Button>
                  </div>
                ) : null
              }
              cells={(i, shown) => {
                const e = events[i];
                if (!e) return null;
                const one = e.fields[0];
                return shown.map((c) => {
                  switch (c.key) {
                    case "at":
                      return (
                        <Cell key="at" cls={`num muted${e.id === fresh ? " fresh" : ""}`} title={utc(e.at)}>
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
                          <Chip tone={actionLook[e.action][0]} icon={actionLook[e.action][1]}>
                            {t.drift.action[e.action]}
                          </Chip>
                        </Cell>
                      );
                    default:
                      return (
                        <Cell key={c.key} end cls="num muted">
                          {e.tookMs === undefined ? "–" : took(e.tookMs)}
                        </Cell>
                      );
                  }
                });
              }}
            />
            {open && <Detail e={open} />}
          </div>
        ))}
    </div>
  );
}

function Detail({ e }: { e: DriftEvent }) {
  return (
    <aside class="node-card" aria-label={t.drift.detail(e.id)}>
      <header class="line">
        <div class="grow">
          <p class="muted mono">{e.id}</p>
          <h2 class="break">
            {e.ref.kind}/{e.ref.name}
          </h2>
        </div>
        <Button kind="ghost" icon="close" label={t.close} onClick={() => setParams({ id: "" })} />
      </header>
      <dl class="facts">
        <dt>{t.col.when}</dt>
        <dd class="num">{utc(e.at)}</dd>
        <dt>{t.col.actor}</dt>
        <dd>
          <Actor who={e.actor} /> <span class="faint">{e.actor.grade !== "-" && t.grade[e.actor.grade]}</span>
        </dd>
        <dt>{t.col.via}</dt>
        <dd>{e.actor.via || "–"}</dd>
        <dt>{t.col.app}</dt>
        <dd>
          <a class="link" href={appHref(e.app)}>
            {e.app.name}
          </a>{" "}
          <span class="faint">{e.cluster}</span>
        </dd>
        <dt>{t.col.action}</dt>
        <dd>
          <Chip tone={actionLook[e.action][0]} icon={actionLook[e.action][1]}>
            {t.drift.action[e.action]}
          </Chip>{" "}
          {e.tookMs !== undefined && <span class="muted num">{took(e.tookMs)}</span>}
        </dd>
      </dl>
      {e.note && <p class="node-message">{e.note}</p>}
      <ul class="diff-fields boxed">
        {e.fields.map((x) => (
          <li key={x.path} class="diff-field">
            <div class="diff-path">
              <Path path={x.path} />
              <span class="grow" />
              <button type="button" class="text-button" title={t.diff.ignoreHint} onClick={() => void copyText(ignoreRule(e.ref, x.path)).then(() => toast(t.diff.ignoreCopied))}>
                {t.diff.ignore}
              </button>
            </div>
            <div class="diff-side del">
              <span class="sign">−</span>
              <span class="mono diff-value">{valueText(x.live)}</span>
              <span class="diff-label">{t.diff.live}</span>
            </div>
            <div class="diff-side add">
              <span class="sign">+</span>
              <span class="mono diff-value">{valueText(x.git)}</span>
              <span class="diff-label">{t.diff.git}</span>
            </div>
          </li>
        ))}
      </ul>
      <ul class="card-links">
        <li>
          <a class="link" href={appHref(e.app, "diff")}>
            {t.tree.seeDiff}
          </a>
        </li>
        <li>
          <a class="link" href={appHref(e.app, "timeline")}>
            {t.drift.seeTimeline}
          </a>
        </li>
        <li>
          <button type="button" class="text-button" onClick={() => void copyText(`windlass drift show ${e.id}`).then(() => toast(t.copied))}>
            {t.drift.copyCommand}
          </button>
        </li>
      </ul>
    </aside>
  );
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
