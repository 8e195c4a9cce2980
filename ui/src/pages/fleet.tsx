// The first look: what is wrong, who did it, what to do. Then how the rest is.
import { useMemo } from "preact/hooks";
import { Actor, Chip, Empty, ErrorNote, needLook, NoApps, Parts, Since, Skeleton, Status } from "../parts/basic";
import { Icon } from "../parts/icon";
import { Spark } from "../parts/spark";
import { Table, type TableColumn } from "../parts/table";
import { Timeline } from "../parts/timeline";
import { count } from "../lib/format";
import { useFetch, useTopic } from "../lib/live";
import { listHref, term } from "../lib/query";
import { appHref } from "../lib/router";
import { t } from "../strings";
import type { Fleet, FleetCluster, Need } from "../wire";

/** The figures follow the rows, at leisure. */
const everyMs = 1500;
/** The server names at most so many. */
const needsMax = 50;

const healthOrder = ["Degraded", "Missing", "Unknown", "Progressing", "Suspended", "Healthy"] as const;
const syncOrder = ["OutOfSync", "Unknown", "Synced"] as const;
const healthTone = { Degraded: "bad", Missing: "warn", Unknown: "mute", Progressing: "run", Suspended: "hold", Healthy: "ok" } as const;
const syncTone = { OutOfSync: "warn", Unknown: "mute", Synced: "ok" } as const;

function NeedRow({ need }: { need: Need }) {
  const [icon, tone] = needLook[need.kind];
  return (
    <li>
      <a class="need" href={appHref(need.app)}>
        <span class={`need-glyph tone-${tone}`}>
          <Icon name={icon} size={16} />
        </span>
        <span class="need-text">
          <span class="need-head">
            <span class="strong trunc">{need.app.name}</span>
            <span class={`need-kind tone-${tone}`}>{t.need[need.kind]}</span>
            <span class="faint trunc need-where">
              {need.app.project} · {need.app.cluster}
            </span>
          </span>
          <span class="need-cause">{need.state.cause}</span>
          {need.state.next && (
            <span class="need-next">
              <Icon name="right" size={12} />
              {need.state.next}
            </span>
          )}
        </span>
        <span class="need-end">
          <span class="num muted">
            <Since at={need.state.since} />
          </span>
          {need.actor && need.actor.name && <Actor who={need.actor} />}
        </span>
      </a>
    </li>
  );
}

function Figures({ title, counts, order, tones, facet }: { title: string; counts: Record<string, number>; order: readonly string[]; tones: Record<string, string>; facet: string }) {
  const parts = order.map((w) => ({ tone: tones[w] as "ok", count: counts[w] ?? 0, label: w }));
  return (
    <section class="figures" aria-label={title}>
      <Parts parts={parts} />
      <ul>
        {parts.map((p) => (
          <li key={p.label}>
            <a href={`/apps?q=${facet}:${p.label.toLowerCase()}`} class={p.count ? "" : "zero"}>
              <Status kind={facet as "sync"} word={p.label} />
              <span class="num">{count(p.count)}</span>
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}

const figure = (n: number, tone: string) => <span class={n ? tone : "faint"}>{n || "–"}</span>;
const clusterColumns: TableColumn<FleetCluster>[] = [
  {
    title: t.col.cluster,
    cls: "nowrap",
    cell: (c) => (
      <>
        <a class="strong" href={listHref(term("cluster", c.name))}>
          {c.name}
        </a>{" "}
        {!c.connected && (
          <span class="narrow-only">
            <Unreachable c={c} />
          </span>
        )}
      </>
    ),
  },
  {
    title: t.fleet.share,
    quiet: true,
    wide: true,
    cls: "bar-cell",
    cell: (c) => (
      <Parts
        parts={[
          { tone: "bad", count: c.degraded, label: "degraded" },
          { tone: "warn", count: c.outOfSync, label: "out of sync" },
          { tone: "ok", count: Math.max(0, c.apps - c.degraded - c.outOfSync), label: "fine" },
        ]}
      />
    ),
  },
  { title: t.nav.apps, end: true, cell: (c) => count(c.apps) },
  { title: "Degraded", end: true, cell: (c) => figure(c.degraded, "tone-bad strong") },
  { title: "OutOfSync", end: true, cell: (c) => figure(c.outOfSync, "tone-warn") },
  { title: t.col.drift, end: true, wide: true, cell: (c) => figure(c.drift, "tone-warn") },
  {
    title: t.fleet.connection,
    wide: true,
    cls: "trunc",
    cell: (c) =>
      c.connected ? (
        <span class="muted">
          {c.version} <span class="faint">{c.cacheAge > 30 ? t.fleet.cacheAge(c.cacheAge) : ""}</span>
        </span>
      ) : (
        <Unreachable c={c} />
      ),
  },
];

function Unreachable({ c }: { c: FleetCluster }) {
  return (
    <Chip tone="bad" icon="alert" title={c.message}>
      {c.message || t.fleet.unreachable}
    </Chip>
  );
}

export default function FleetPage() {
  useTopic("audit");
  useTopic("drift");
  const f = useFetch<Fleet>("fleet", {}, { rows: true, drift: true, audit: true }, everyMs);
  const data = f.data;
  const clusters = useMemo(
    () =>
      [...(data?.clusters ?? [])].sort(
        (a, b) => Number(a.connected) - Number(b.connected) || b.degraded - a.degraded || b.outOfSync - a.outOfSync || b.apps - a.apps,
      ),
    [data],
  );
  if (!data)
    return (
      <div class="page">
        <h1 class="sr">{t.nav.fleet}</h1>
        {f.error ? <ErrorNote error={f.error} retry={f.reload} /> : <Skeleton rows={10} height={48} />}
      </div>
    );
  const hours = data.hours;
  return (
    <div class="page fleet">
      <div class="fleet-main">
        <header class="page-head">
          <h1>{data.needsYou.length ? t.fleet.needsYou(data.needsYou.length, data.needsYou.length >= needsMax) : data.apps ? t.fleet.calm : t.fleet.welcome}</h1>
          <span class="sub num">{t.fleet.size(data.apps, data.clusters.length)}</span>
        </header>
        {data.needsYou.length ? (
          <ul class="needs">
            {data.needsYou.map((n) => (
              <NeedRow key={`${n.app.ns}/${n.app.name}/${n.kind}`} need={n} />
            ))}
          </ul>
        ) : (
          <div class="needs">
            {data.apps ? (
              <Empty icon="check" title={t.fleet.calmTitle}>
                {t.fleet.calmText}
              </Empty>
            ) : (
              <NoApps />
            )}
          </div>
        )}
        <section class="panel">
          <h2>{t.nav.clusters}</h2>
          <Table columns={clusterColumns} rows={clusters} id={(c) => c.server || c.name} />
        </section>
      </div>
      <aside class="fleet-side">
        <section class="panel">
          <h2>{t.fleet.now}</h2>
          <Figures title={t.col.health} counts={data.byHealth} order={healthOrder} tones={healthTone} facet="health" />
          <Figures title={t.col.sync} counts={data.bySync} order={syncOrder} tones={syncTone} facet="sync" />
        </section>
        <section class="panel">
          <h2>{t.fleet.day}</h2>
          <div class="day">
            {(
              [
                ["syncs", "run", hours.map((h) => h.syncs), "/audit?action=sync"],
                ["drift", "warn", hours.map((h) => h.drift), "/drift?since=24h"],
                ["rollbacks", "bad", hours.map((h) => h.rollbacks), "/rollouts"],
              ] as const
            ).map(([key, tone, values, href]) => (
              <a key={key} class="day-row" href={href}>
                <span class="day-name">{t.fleet.hours[key]}</span>
                <span class="day-n num">{count(data.day[key])}</span>
                <Spark values={values} tone={tone} label={t.fleet.sparkLabel(t.fleet.hours[key], data.day[key])} />
              </a>
            ))}
            {data.day.failures > 0 && (
              <a class="day-row" href="/audit?action=failed">
                <span class="day-name">{t.fleet.hours.failures}</span>
                <span class="day-n num tone-bad">{count(data.day.failures)}</span>
                <span />
              </a>
            )}
          </div>
        </section>
        <section class="panel">
          <h2>{t.fleet.activity}</h2>
          <Timeline events={data.activity} withApp compact />
        </section>
      </aside>
    </div>
  );
}
