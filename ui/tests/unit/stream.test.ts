import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { silentMs, Stream, type Handlers, type Source } from "../../src/lib/stream";

class Fake implements Source {
  static all: Fake[] = [];
  onopen: ((e: Event) => void) | null = null;
  onerror: ((e: Event) => void) | null = null;
  closed = false;
  readonly url: string;
  private readonly on = new Map<string, (e: MessageEvent<string>) => void>();
  constructor(url: string) {
    this.url = url;
    Fake.all.push(this);
  }
  addEventListener(type: string, on: (e: MessageEvent<string>) => void): void {
    this.on.set(type, on);
  }
  close(): void {
    this.closed = true;
  }
  say(type: string, data: unknown, id = ""): void {
    this.on.get(type)?.({ data: JSON.stringify(data), lastEventId: id } as MessageEvent<string>);
  }
  open(): void {
    this.onopen?.(new Event("open"));
  }
  fail(): void {
    this.onerror?.(new Event("error"));
  }
}
const last = (): Fake => Fake.all.at(-1) as Fake;
const since = (f: Fake): number => Number(new URL(f.url, "http://x").searchParams.get("since"));

let seen: unknown[];
let stream: Stream;
let snapshotSeq: number;
beforeEach(() => {
  vi.useFakeTimers();
  Fake.all = [];
  seen = [];
  snapshotSeq = 500;
  const handlers: Handlers = {
    rows: (e) => seen.push(e),
    app: (e) => seen.push(e),
    drift: (e) => seen.push(e),
    audit: (e) => seen.push(e),
    resync: () => Promise.resolve(snapshotSeq),
  };
  stream = new Stream((u) => new Fake(u), handlers, () => 0.5);
  stream.start(100);
});
afterEach(() => {
  stream.stop();
  vi.useRealTimers();
});
const rows = (seq: number) => ({ seq, changed: [], removed: [] });

test("resumes after the last sequence when the stream ends", () => {
  last().open();
  expect(stream.link.value).toBe("live");
  last().say("rows", rows(101));
  last().say("rows", rows(104));
  last().fail();
  expect(stream.link.value).toBe("offline");
  vi.advanceTimersByTime(500);
  expect(Fake.all).toHaveLength(2);
  expect(since(last())).toBe(104);
  last().open();
  expect(stream.link.value).toBe("live");
  expect(stream.reconnects.value).toBe(1);
});

test("waits longer and longer, up to a limit", () => {
  for (let i = 0; i < 12; i++) {
    last().fail();
    vi.advanceTimersByTime(15_000);
  }
  const before = Fake.all.length;
  last().fail();
  vi.advanceTimersByTime(14_000);
  expect(Fake.all).toHaveLength(before);
  vi.advanceTimersByTime(1_100);
  expect(Fake.all).toHaveLength(before + 1);
});

test("a silent stream is a dead one", () => {
  last().open();
  vi.advanceTimersByTime(silentMs - 1000);
  stream.tick(Date.now());
  expect(stream.link.value).toBe("live");
  last().say("ping", { seq: 100 });
  vi.advanceTimersByTime(silentMs + 1000);
  stream.tick(Date.now());
  expect(stream.link.value).toBe("offline");
});

test("a gap is filled by a snapshot, then followed from there", async () => {
  last().open();
  last().say("resync", { seq: 500 });
  const old = last();
  old.say("rows", rows(501));
  await vi.advanceTimersByTimeAsync(0);
  expect(seen).toHaveLength(0);
  expect(last()).not.toBe(old);
  expect(since(last())).toBe(500);
  last().say("rows", rows(501));
  expect(seen).toHaveLength(1);
});

test("what an old stream still says isn't heard", () => {
  const old = last();
  old.open();
  stream.follow(["app:a/b", "drift"]);
  expect(old.closed).toBe(true);
  old.say("rows", rows(200));
  old.fail();
  expect(seen).toHaveLength(0);
  expect(stream.link.value).toBe("live");
  expect(new URL(last().url, "http://x").searchParams.get("topics")).toBe("apps,app:a/b,drift");
});

test("the same topics don't open it anew", () => {
  stream.follow(["drift"]);
  stream.follow(["drift", "drift"]);
  expect(Fake.all).toHaveLength(2);
});

test("a page out of sight lets go, and goes on where it was", () => {
  last().open();
  last().say("rows", rows(130));
  stream.sleep();
  expect(last().closed).toBe(true);
  vi.advanceTimersByTime(600_000);
  stream.tick(Date.now());
  stream.nudge();
  expect(Fake.all).toHaveLength(1);
  stream.wake();
  expect(since(last())).toBe(130);
  last().open();
  expect(stream.link.value).toBe("live");
});

test("events without a sequence of their own resume by their id", () => {
  last().open();
  last().say("drift", { id: "d-1" }, "120");
  last().fail();
  vi.advanceTimersByTime(1000);
  expect(since(last())).toBe(120);
});
