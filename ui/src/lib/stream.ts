// The server's events: one stream, resumed by sequence, and an honest word about how current we are.
import { computed, signal } from "@preact/signals";
import type { AppName, AuditEntry, DriftEvent, RowsEvent } from "../wire";
import { now, skewMs } from "./format";

/** The part of EventSource that is used; tests bring their own. */
export interface Source {
  onopen: ((e: Event) => void) | null;
  onerror: ((e: Event) => void) | null;
  addEventListener(type: string, on: (e: MessageEvent<string>) => void): void;
  close(): void;
}

export type Handlers = {
  rows(e: RowsEvent): void;
  app(e: AppName): void;
  drift(e: DriftEvent): void;
  audit(e: AuditEntry): void;
  /** The gap is too large: fetch the snapshot again; answers its sequence. */
  resync(): Promise<number>;
};

export type Link = "connecting" | "live" | "offline";

/** Two missed heartbeats (15 s each) and a little. */
export const silentMs = 33_000;
const retryMinMs = 400;
const retryMaxMs = 15_000;

export class Stream {
  readonly link = signal<Link>("connecting");
  /** When something was heard last, in our own clock. */
  readonly heard = signal(Date.now());
  readonly reconnects = signal(0);

  private source: Source | null = null;
  private topics: string[] = ["apps"];
  private seq = 0;
  private failures = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private resyncing = false;
  private asleep = false;
  private readonly open: (url: string) => Source;
  private readonly handlers: Handlers;
  private readonly random: () => number;

  constructor(open: (url: string) => Source, handlers: Handlers, random: () => number = Math.random) {
    this.open = open;
    this.handlers = handlers;
    this.random = random;
  }

  /** Starts after sequence `seq`. */
  start(seq: number): void {
    this.seq = seq;
    this.connect();
  }

  stop(): void {
    clearTimeout(this.timer);
    this.source?.close();
    this.source = null;
  }

  /** What to follow besides `apps`; a changed set opens the stream anew, from where it was. */
  follow(topics: readonly string[]): void {
    const next = ["apps", ...[...new Set(topics)].sort()];
    if (next.join() === this.topics.join()) return;
    this.topics = next;
    if (this.source) this.connect();
  }

  /** Reconnects at once, for example when the network is back. */
  nudge(): void {
    if (this.link.peek() !== "live" && !this.asleep) this.connect();
  }

  /** Lets go of the connection; a page that nobody sees needs none, and browsers allow six to a server. */
  sleep(): void {
    if (this.asleep) return;
    this.asleep = true;
    this.stop();
    this.link.value = "connecting";
  }

  /** Goes on from where it was. */
  wake(): void {
    if (!this.asleep) return;
    this.asleep = false;
    this.connect();
  }

  /** To be called every second: a silent stream is a dead one. */
  tick(nowMs: number): void {
    if (this.source && this.link.peek() === "live" && nowMs - this.heard.peek() > silentMs) this.failed();
  }

  private connect(): void {
    clearTimeout(this.timer);
    this.source?.close();
    const source = this.open(`/api/v1/stream?topics=${encodeURIComponent(this.topics.join(","))}&since=${this.seq}`);
    this.source = source;
    // A stream that was closed meanwhile has nothing to say any more.
    const ours = () => this.source === source;
    source.onopen = () => {
      if (!ours()) return;
      this.failures = 0;
      this.alive();
    };
    source.onerror = () => {
      if (ours()) this.failed();
    };
    const on = <T>(type: string, then: (value: T, id: number) => void) =>
      source.addEventListener(type, (e) => {
        if (!ours()) return;
        this.alive();
        then(JSON.parse(e.data) as T, Number(e.lastEventId));
      });
    const passed = (seq: number) => {
      if (seq > this.seq) this.seq = seq;
    };
    on<RowsEvent>("rows", (v) => {
      if (this.resyncing) return;
      this.handlers.rows(v);
      passed(v.seq);
    });
    on<AppName & { seq: number }>("app", (v) => {
      passed(v.seq);
      this.handlers.app(v);
    });
    on<DriftEvent>("drift", (v, id) => {
      passed(id);
      this.handlers.drift(v);
    });
    on<AuditEntry>("audit", (v, id) => {
      passed(id);
      this.handlers.audit(v);
    });
    on<{ seq: number; now?: string }>("ping", (v) => {
      if (v.now) {
        const ahead = Date.parse(v.now) - Date.now();
        // Below two seconds it is the way here, not the clock.
        skewMs.value = Math.abs(ahead) > 2000 ? ahead : 0;
      }
    });
    on<{ seq: number }>("resync", () => void this.resync());
  }

  private async resync(): Promise<void> {
    if (this.resyncing) return;
    this.resyncing = true;
    try {
      this.seq = await this.handlers.resync();
      this.resyncing = false;
      if (this.asleep) return;
      // What came while the snapshot was on its way wasn't taken: from its sequence again.
      this.connect();
    } catch {
      this.resyncing = false;
      this.failed();
    }
  }

  private alive(): void {
    this.heard.value = Date.now();
    if (this.link.peek() !== "live") {
      if (this.link.peek() === "offline") this.reconnects.value++;
      this.link.value = "live";
    }
  }

  private failed(): void {
    this.source?.close();
    this.source = null;
    this.link.value = "offline";
    clearTimeout(this.timer);
    const wait = Math.min(retryMaxMs, retryMinMs * 2 ** Math.min(this.failures, 10));
    this.failures++;
    this.timer = setTimeout(() => this.connect(), wait * (0.75 + this.random() / 2));
  }
}

/** Seconds since something was heard, when that is more than a heartbeat: 0 is current. */
export function behind(stream: Stream) {
  return computed(() => {
    const s = Math.floor((now.value - skewMs.value - stream.heard.value) / 1000);
    return s > 17 ? s : 0;
  });
}
