// The small words of the interface: states, times, people, revisions, buttons, empty places.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { Failure } from "../lib/api";
import { firstLine, now, short, span, utc } from "../lib/format";
import { t } from "../strings";
import type { Actor as ActorT, Commit, EventKind, NeedKind, OwnedBy } from "../wire";
import { Icon, type IconName } from "./icon";
import { toast } from "./toast";

export type Tone = "ok" | "warn" | "bad" | "run" | "hold" | "mute";

const healthLook: Record<string, [IconName, Tone]> = {
  Healthy: ["healthy", "ok"],
  Progressing: ["progressing", "run"],
  Degraded: ["degraded", "bad"],
  Suspended: ["suspended", "hold"],
  Missing: ["missing", "warn"],
  Unknown: ["unknown", "mute"],
};
const syncLook: Record<string, [IconName, Tone]> = {
  Synced: ["synced", "ok"],
  OutOfSync: ["outofsync", "warn"],
  Unknown: ["unknown", "mute"],
};
const phaseLook: Record<string, [IconName, Tone]> = {
  Succeeded: ["healthy", "ok"],
  Running: ["progressing", "run"],
  Failed: ["degraded", "bad"],
  Error: ["degraded", "bad"],
  Terminating: ["progressing", "warn"],
  RolledBack: ["undo", "bad"],
  Held: ["lock", "hold"],
};
const none: [IconName, Tone] = ["dot", "mute"];

export function look(kind: "health" | "sync" | "phase", word: string): [IconName, Tone] {
  return { health: healthLook, sync: syncLook, phase: phaseLook }[kind][word] ?? none;
}

/** Glyph and word; never one without the other. */
export function Status({ kind, word, quiet = false }: { kind: "health" | "sync" | "phase"; word: string; quiet?: boolean }) {
  const [icon, tone] = look(kind, word);
  const calm = quiet && tone === "ok";
  return (
    <span class={`status tone-${tone}${calm ? " calm" : ""}`}>
      <Icon name={icon} size={14} cls={word === "Progressing" || word === "Running" ? "spin" : ""} />
      <span>{word}</span>
    </span>
  );
}

export function Chip({ tone = "mute", icon, children, title }: { tone?: Tone; icon?: IconName; children: ComponentChildren; title?: string }) {
  return (
    <span class={`chip tone-${tone}`} title={title}>
      {icon && <Icon name={icon} size={12} />}
      {children}
    </span>
  );
}

export const needLook: Record<NeedKind, [IconName, Tone]> = {
  degraded: ["degraded", "bad"],
  failed: ["alert", "bad"],
  rolledBack: ["undo", "bad"],
  held: ["lock", "hold"],
  drift: ["drift", "warn"],
  approval: ["user", "run"],
  paused: ["pause", "hold"],
  outOfSync: ["outofsync", "warn"],
};

export const eventLook: Record<EventKind, IconName> = {
  sync: "sync",
  rollback: "undo",
  drift: "drift",
  heal: "check",
  held: "lock",
  unheld: "key",
  pause: "pause",
  resume: "play",
  commit: "commit",
  health: "event",
  event: "event",
  settings: "settings",
  refused: "close",
};
export const severityTone = { info: "mute", warn: "warn", bad: "bad", good: "ok" } as const satisfies Record<string, Tone>;

/** How long ago, ticking; the full time on hover and for readers. */
export function Since({ at, ago = false }: { at: string | number | undefined; ago?: boolean }) {
  if (!at) return <span class="faint">–</span>;
  const ms = typeof at === "number" ? at * 1000 : Date.parse(at);
  if (Number.isNaN(ms) || ms <= 0) return <span class="faint">–</span>;
  const text = span(now.value - ms);
  return (
    <time class="num" dateTime={new Date(ms).toISOString()} title={utc(ms)}>
      {ago ? t.time.ago(text) : text}
    </time>
  );
}

/** Time until a moment. */
export function Until({ at }: { at: string }) {
  const ms = Date.parse(at) - now.value;
  return (
    <time class="num" dateTime={at} title={utc(at)}>
      {ms > 0 ? t.time.in(span(ms)) : t.time.now}
    </time>
  );
}

/** A name, with how sure we are of it. */
export function Actor({ who, via = false }: { who: ActorT | OwnedBy | undefined; via?: boolean }) {
  if (!who?.name) return <span class="faint">–</span>;
  const grade = who.grade;
  return (
    <span class="actor">
      <span class="trunc">{who.name}</span>
      {grade !== "-" && (
        <span class={`grade grade-${grade}`} title={t.grade[grade]}>
          <span aria-hidden="true">{grade}</span>
          <span class="sr">({t.grade[grade]})</span>
        </span>
      )}
      {via && who.via && <span class="faint trunc">{who.via}</span>}
    </span>
  );
}

export function Revision({ id, commit }: { id?: string; commit?: Commit | null }) {
  const full = commit?.id ?? id ?? "";
  if (!full) return <span class="faint">–</span>;
  const title = commit ? `${full}\n${commit.author}, ${utc(commit.date)}\n${firstLine(commit.message)}` : full;
  return (
    <span class="rev mono" title={title}>
      {short(full)}
    </span>
  );
}

/** A commit on one line: revision, subject, author, age. */
export function CommitLine({ commit }: { commit: Commit }) {
  return (
    <span class="line commit-line">
      <Revision commit={commit} />
      <span class="trunc">{firstLine(commit.message)}</span>
      {commit.signed === "good" && (
        <span class="tone-ok glyph" title={t.commit.signed}>
          <Icon name="key" size={12} />
          <span class="sr">{t.commit.signed}</span>
        </span>
      )}
      {commit.signed === "bad" && (
        <Chip tone="bad" icon="alert">
          {t.commit.badSignature}
        </Chip>
      )}
      <span class="faint nowrap">
        {commit.author} · <Since at={commit.date} ago />
      </span>
    </span>
  );
}

type ButtonProps = {
  children?: ComponentChildren;
  icon?: IconName;
  onClick?: (e: MouseEvent) => void;
  kind?: "plain" | "primary" | "danger" | "ghost";
  /** Why it can't be used; it then stays in reach and says so. */
  no?: string | undefined;
  label?: string;
  hint?: string;
  pressed?: boolean;
  expanded?: boolean;
  type?: "button" | "submit";
  small?: boolean;
  busy?: boolean;
  id?: string;
};
export function Button(p: ButtonProps) {
  const off = Boolean(p.no) || p.busy;
  return (
    <button
      id={p.id}
      type={p.type ?? "button"}
      class={`btn btn-${p.kind ?? "plain"}${p.small ? " btn-s" : ""}${p.children ? "" : " btn-icon"}`}
      aria-disabled={off ? "true" : undefined}
      aria-label={p.label}
      aria-pressed={p.pressed}
      aria-expanded={p.expanded}
      title={p.no ?? p.hint ?? p.label}
      onClick={(e) => {
        if (off) {
          e.preventDefault();
          if (p.no) toast(p.no, "warn");
        } else p.onClick?.(e);
      }}
    >
      {p.busy ? <Icon name="progressing" cls="spin" size={14} /> : p.icon && <Icon name={p.icon} size={14} />}
      {p.children && <span>{p.children}</span>}
    </button>
  );
}

/** Links to other places, by addresses that a browser may follow. */
export function webLinks(links: readonly { title: string; url: string }[] | null | undefined): { title: string; url: string }[] {
  return (links ?? []).filter((l) => /^https?:\/\//i.test(l.url));
}

export function WebLink({ title, url }: { title: string; url: string }) {
  return (
    <a class="link web-link" href={url} target="_blank" rel="noopener">
      {title} <Icon name="external" size={12} />
    </a>
  );
}

export function Empty({ icon = "check", title, children }: { icon?: IconName; title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <span class="empty-icon">
        <Icon name={icon} size={20} />
      </span>
      <p class="empty-title">{title}</p>
      {children && <div class="empty-text">{children}</div>}
    </div>
  );
}

/** Where there is no application yet: how to get one. */
export function NoApps() {
  return (
    <Empty icon="apps" title={t.apps.none}>
      <p>{t.apps.noneNext}</p>
      <a class="btn btn-primary gap-top" href="/apps/new">
        {t.apps.new}
      </a>
    </Empty>
  );
}

/** Grey lines in the place of what is coming; the same height as what comes. */
export function Skeleton({ rows = 6, height = 32 }: { rows?: number; height?: number }) {
  return (
    <div class="skeleton" aria-busy="true">
      <span class="sr">{t.loading}</span>
      {Array.from({ length: rows }, (_, i) => (
        <div key={i} class="skeleton-row" style={{ height: `${height}px` }}>
          <i style={{ width: `${[38, 62, 47, 71, 54, 33][i % 6]}%` }} />
        </div>
      ))}
    </div>
  );
}

export function ErrorNote({ error, retry }: { error: Failure; retry?: () => void }) {
  return (
    <div class="note tone-bad" role="alert">
      <Icon name="alert" />
      <div class="grow">
        <p>{error.message}</p>
        {error.hint && <p class="muted">{error.hint}</p>}
      </div>
      {retry && (
        <Button small onClick={retry}>
          {t.retry}
        </Button>
      )}
    </div>
  );
}

export function Note({ tone = "mute", icon = "info", children }: { tone?: Tone; icon?: IconName; children: ComponentChildren }) {
  return (
    <div class={`note tone-${tone}`}>
      <Icon name={icon} />
      <div class="grow">{children}</div>
    </div>
  );
}

export function Copy({ text, label = t.copy }: { text: string; label?: string }) {
  const [done, set] = useState(false);
  return (
    <Button
      small
      kind="ghost"
      icon={done ? "check" : "copy"}
      label={label}
      onClick={() => {
        void copyText(text).then(() => {
          set(true);
          setTimeout(() => set(false), 1500);
        });
      }}
    />
  );
}

export async function copyText(text: string): Promise<void> {
  await navigator.clipboard?.writeText(text).catch(() => {});
}

/** A bar of parts, each as wide as its share; the table beside it says the same in words. */
export function Parts({ parts }: { parts: { tone: Tone; count: number; label: string }[] }) {
  const total = parts.reduce((a, p) => a + p.count, 0) || 1;
  return (
    <span class="parts" aria-hidden="true">
      {parts
        .filter((p) => p.count)
        .map((p) => (
          <i key={p.label} class={`bg-${p.tone}`} style={{ flexGrow: Math.max(p.count / total, 0.012) }} />
        ))}
    </span>
  );
}
