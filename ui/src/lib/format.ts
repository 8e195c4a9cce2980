// How times, numbers and revisions are written. Everything goes through Intl.
import { signal } from "@preact/signals";

const locale = "en";
const number = new Intl.NumberFormat(locale);
const absolute = new Intl.DateTimeFormat(locale, {
  dateStyle: "medium",
  timeStyle: "medium",
  hourCycle: "h23",
  timeZone: "UTC",
});
const clock = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const dayMonth = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short" });
const weekday = new Intl.DateTimeFormat(locale, { weekday: "long", day: "numeric", month: "long" });

/** The present second; everything relative to now follows it. */
export const now = signal(Date.now());
/** What the server's clock is ahead of ours, in milliseconds. */
export const skewMs = signal(0);

export function startClock(): void {
  setInterval(() => {
    if (!document.hidden) now.value = Date.now() + skewMs.value;
  }, 1000);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) now.value = Date.now() + skewMs.value;
  });
}

export function count(n: number): string {
  return number.format(n);
}

/** A span of time in one or two units: `4s`, `6m`, `3h`, `2d`. */
export function span(ms: number): string {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 60) return `${s}s`;
  const m = Math.floor(s / 60);
  if (m < 60) return `${m}m`;
  const h = Math.floor(m / 60);
  if (h < 48) return h < 10 && m % 60 ? `${h}h ${m % 60}m` : `${h}h`;
  const d = Math.floor(h / 24);
  return d < 365 ? `${d}d` : `${Math.floor(d / 365)}y`;
}

/** How long something took: `340ms`, `1.2s`, `4m 10s`. */
export function took(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)}ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)}s`;
  const s = Math.round(ms / 1000);
  return s < 3600 ? `${Math.floor(s / 60)}m ${s % 60}s` : span(ms);
}

export function utc(at: string | number): string {
  const d = new Date(at);
  return Number.isNaN(d.getTime()) ? "" : `${absolute.format(d)} UTC`;
}

/** Time of day, with the day in front unless it is today. */
export function when(at: string): string {
  const d = new Date(at);
  if (Number.isNaN(d.getTime())) return "";
  const today = new Date(now.value).toDateString() === d.toDateString();
  return today ? clock.format(d) : `${dayMonth.format(d)} ${clock.format(d)}`;
}

export function timeOfDay(at: string): string {
  const d = new Date(at);
  return Number.isNaN(d.getTime()) ? "" : clock.format(d);
}

export function day(at: string): string {
  const d = new Date(at);
  return Number.isNaN(d.getTime()) ? "" : weekday.format(d);
}

export function short(rev: string): string {
  return /^[0-9a-f]{12,}$/i.test(rev) ? rev.slice(0, 7) : rev;
}

/** A repository without scheme and `.git`, as people say it. */
export function repoName(url: string): string {
  return url.replace(/^[a-z+]+:\/\/([^@/]+@)?/, "").replace(/\.git$/, "");
}

export function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}
