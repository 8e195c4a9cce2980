// The wiring: snapshot and stream into the store, and what pages fetch themselves kept current.
import { signal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import type { AppName, AuditEntry, Board, DriftEvent } from "../wire";
import { Failure, get, type Query } from "./api";
import { now } from "./format";
import { recheck } from "./session";
import { store } from "./store";
import { behind, Stream, type Source } from "./stream";

type Listener<T> = (value: T) => void;
class Bus<T> {
  private readonly listeners = new Set<Listener<T>>();
  on(l: Listener<T>): () => void {
    this.listeners.add(l);
    return () => this.listeners.delete(l);
  }
  emit(value: T): void {
    for (const l of this.listeners) l(value);
  }
}

export const appChanged = new Bus<AppName>();
export const driftSeen = new Bus<DriftEvent>();
export const auditSeen = new Bus<AuditEntry>();
/** Everything may have changed: after a resync or a reconnect. */
export const allChanged = new Bus<null>();
/** Some rows changed; the fleet's figures follow at leisure. */
export const rowsChanged = new Bus<number>();
/** People who need the screen to hold still switch this off (WCAG 2.2.2). */
export const paused = signal(false);
export const boardError = signal<Failure | null>(null);

let waiting: (() => void)[] = [];
let missed = false;
/** More than this isn't kept while updates are paused: a snapshot is cheaper then. */
const waitingMax = 2000;
/** Runs now, or when updates go on again. */
function whenRunning(run: () => void): void {
  if (!paused.peek()) run();
  else if (waiting.length < waitingMax) waiting.push(run);
  else missed = true;
}
export function setPaused(on: boolean): void {
  paused.value = on;
  if (on) return;
  const runs = waiting;
  waiting = [];
  if (missed) {
    missed = false;
    void snapshot()
      .then(() => allChanged.emit(null))
      .catch(() => stream.nudge());
  } else for (const r of runs) r();
}

async function snapshot(): Promise<number> {
  const board = await get<Board>("board");
  store.load(board);
  boardError.value = null;
  return board.seq;
}

export const stream = new Stream((u) => new EventSource(u) as unknown as Source, {
  rows: (e) =>
    whenRunning(() => {
      store.apply(e);
      rowsChanged.emit(e.changed.length + e.removed.length);
    }),
  app: (e) => whenRunning(() => appChanged.emit(e)),
  drift: (e) => whenRunning(() => driftSeen.emit(e)),
  audit: (e) => whenRunning(() => auditSeen.emit(e)),
  resync: async () => {
    const seq = await snapshot();
    allChanged.emit(null);
    return seq;
  },
});
export const behindSeconds = behind(stream);

/** A page out of sight for so long gives its connection back. */
const hiddenMs = 20_000;

let begun = false;
/** Fetches the snapshot and follows it. Tries again by itself when the server isn't there yet. */
export async function begin(): Promise<void> {
  if (begun) {
    stream.nudge();
    return;
  }
  begun = true;
  setInterval(() => stream.tick(Date.now()), 1000);
  addEventListener("online", () => stream.nudge());
  let hidden: ReturnType<typeof setTimeout> | undefined;
  document.addEventListener("visibilitychange", () => {
    clearTimeout(hidden);
    if (document.hidden) hidden = setTimeout(() => stream.sleep(), hiddenMs);
    else stream.wake();
  });
  stream.link.subscribe((link) => {
    if (link === "offline") void recheck();
  });
  stream.reconnects.subscribe((n) => {
    if (n) allChanged.emit(null);
  });
  for (let wait = 500; ; wait = Math.min(wait * 2, 10_000)) {
    try {
      stream.start(await snapshot());
      break;
    } catch (e) {
      boardError.value = e instanceof Failure ? e : new Failure(String(e), 13, 0);
      if (boardError.value.status === 401) {
        begun = false;
        return;
      }
      await new Promise((r) => setTimeout(r, wait));
    }
  }
  const idle = window.requestIdleCallback ?? ((f: () => void) => setTimeout(f, 200));
  idle(() => store.warm());
}

const followed = new Map<string, number>();
/** Follows a topic while the component is there. */
export function useTopic(topic: string | null): void {
  useEffect(() => {
    if (!topic) return;
    followed.set(topic, (followed.get(topic) ?? 0) + 1);
    stream.follow([...followed.keys()]);
    return () => {
      const n = (followed.get(topic) ?? 1) - 1;
      if (n) followed.set(topic, n);
      else followed.delete(topic);
      // The next page may want the same topic: decide after it is mounted.
      queueMicrotask(() => stream.follow([...followed.keys()]));
    };
  }, [topic]);
}

export type Fetched<T> = {
  data: T | undefined;
  error: Failure | null;
  loading: boolean;
  /** When `data` came. */
  at: number;
  reload(): void;
};

/** Last answers, so that going back shows something at once. Bounded. */
const answers = new Map<string, { data: unknown; at: number }>();
const answersMax = 24;

function remember(key: string, data: unknown): void {
  answers.delete(key);
  answers.set(key, { data, at: now.peek() });
  if (answers.size > answersMax) answers.delete(answers.keys().next().value as string);
}

export type RefetchOn = { app?: AppName; drift?: boolean; audit?: boolean; rows?: boolean };

/**
 * What `path` answers, kept current: asked again (at most every `everyMs`) when what it is about changed. While a new answer is on
 * its way the last one stays.
 */
export function useFetch<T>(path: string | null, query: Query = {}, on: RefetchOn = {}, everyMs = 250): Fetched<T> {
  const key = path === null ? "" : `${path}?${JSON.stringify(query)}`;
  const [state, set] = useState<{ key: string; path: string | null; data?: T; error: Failure | null; loading: boolean; at: number }>(() => {
    const known = answers.get(key);
    return { key, path, data: known?.data as T | undefined, error: null, loading: true, at: known?.at ?? 0 };
  });
  const again = useRef<() => void>(() => {});
  const appKey = on.app ? `${on.app.ns}/${on.app.name}` : "";

  useEffect(() => {
    if (path === null) return;
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let last = 0;
    let running = false;
    let dirty = false;
    const known = answers.get(key);
    // Another filter of the same thing: what was there stays until the answer comes.
    set((s) => ({ key, path, data: (known?.data as T | undefined) ?? (s.path === path ? s.data : undefined), error: null, loading: true, at: known?.at ?? s.at }));
    const run = async () => {
      clearTimeout(timer);
      timer = undefined;
      if (running) {
        dirty = true;
        return;
      }
      running = true;
      dirty = false;
      last = Date.now();
      try {
        const data = await get<T>(path, query, abort.signal);
        remember(key, data);
        set({ key, path, data, error: null, loading: false, at: now.peek() });
      } catch (e) {
        if (!abort.signal.aborted) {
          const error = e instanceof Failure ? e : new Failure(String(e), 13, 0);
          set((s) => ({ ...s, error, loading: false }));
        }
      }
      running = false;
      if (dirty && !abort.signal.aborted) later();
    };
    const later = () => {
      if (running) dirty = true;
      else timer ??= setTimeout(() => void run(), Math.max(0, everyMs - (Date.now() - last)));
    };
    again.current = () => void run();
    void run();
    const off = [allChanged.on(later)];
    if (on.app) off.push(appChanged.on((a) => a.name === on.app?.name && a.ns === on.app.ns && later()));
    if (on.drift) off.push(driftSeen.on(later));
    if (on.audit) off.push(auditSeen.on(later));
    if (on.rows) off.push(rowsChanged.on(later));
    return () => {
      abort.abort();
      clearTimeout(timer);
      for (const o of off) o();
    };
  }, [key, appKey, on.drift, on.audit, on.rows, everyMs]);

  const mine = state.key === key;
  return {
    data: mine || state.path === path ? state.data : (answers.get(key)?.data as T | undefined),
    error: mine ? state.error : null,
    loading: mine ? state.loading : true,
    at: state.at,
    reload: () => again.current(),
  };
}
