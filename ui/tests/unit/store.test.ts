import { effect } from "@preact/signals";
import { beforeEach, expect, test } from "vitest";
import { appColumns, parse } from "../../src/lib/query";
import { Store, type Sort } from "../../src/lib/store";
import { Flag, type Board, type Row } from "../../src/wire";

const names = ["delta", "alpha", "charlie", "bravo"];
const board = (): Board => ({
  seq: 10,
  dict: { project: ["p1", "p2"], cluster: ["c1"], namespace: ["ctl", "shop"], repo: ["r"], sync: ["Synced", "OutOfSync"], health: ["Healthy", "Degraded"] },
  rows: {
    uid: ["u0", "u1", "u2", "u3"],
    ns: [0, 0, 0, 0],
    name: names,
    project: [0, 1, 0, 1],
    cluster: [0, 0, 0, 0],
    destNs: [1, 1, 1, 1],
    repo: [0, 0, 0, 0],
    path: ["a", "b", "c", "d"],
    sync: [0, 0, 1, 0],
    health: [0, 0, 0, 1],
    rev: ["1", "2", "3", "4"],
    since: [100, 200, 300, 400],
    cause: ["", "", "drifted", "ImagePullBackOff"],
    drift: [0, 2, 5, 0],
    flags: [0, Flag.held, Flag.driftOpen, 0],
    resources: [1, 2, 3, 4],
    labels: ["team=a", "team=b", "team=a,tier=1", ""],
  },
});
const row = (more: Partial<Row>): Row => ({
  uid: "u0", ns: "ctl", name: "delta", project: "p1", cluster: "c1", destNs: "shop", repo: "r", path: "a", sync: "Synced", health: "Healthy",
  rev: "1", since: 100, cause: "", drift: 0, flags: 0, resources: 1, labels: "team=a", ...more,
});

let store: Store;
beforeEach(() => {
  store = new Store();
  store.load(board());
});
const show = (q = "", sort: Sort = { key: "name", down: false }): string[] =>
  [...store.view(parse(q, appColumns), sort, 1_000_000).ids].map((i) => store.name[i] ?? "");

test("orders by any column, and by name within", () => {
  expect(show()).toEqual(["alpha", "bravo", "charlie", "delta"]);
  expect(show("", { key: "name", down: true })).toEqual(["delta", "charlie", "bravo", "alpha"]);
  expect(show("", { key: "worst", down: false })).toEqual(["bravo", "alpha", "charlie", "delta"]);
  expect(show("", { key: "drift", down: false })).toEqual(["charlie", "alpha", "bravo", "delta"]);
  expect(show("", { key: "since", down: false })).toEqual(["bravo", "charlie", "alpha", "delta"]);
  expect(show("", { key: "since", down: true })).toEqual(["delta", "alpha", "charlie", "bravo"]);
  expect(show("", { key: "project", down: false })).toEqual(["charlie", "delta", "alpha", "bravo"]);
});

test("filters by columns, labels, flags and text", () => {
  expect(show("health:degraded")).toEqual(["bravo"]);
  expect(show("project:p1 team=a")).toEqual(["charlie", "delta"]);
  expect(show("is:held,drifted")).toEqual(["alpha", "charlie"]);
  expect(show("imagepull")).toEqual(["bravo"]);
  expect(show("dest:shop ns:ctl drift:>0")).toEqual(["alpha", "charlie"]);
  expect(show("since:<500s")).toEqual([]);
  expect(show("since:<=15m")).toHaveLength(4);
});

test("a facet counts what matches everything but itself", () => {
  const { facets } = store.view(parse("health:degraded", appColumns), { key: "name", down: false }, 0);
  expect(facets.health).toEqual(new Map([["Healthy", 3], ["Degraded", 1]]));
  expect(facets.project).toEqual(new Map([["p2", 1]]));
  const both = store.view(parse("health:degraded sync:outofsync", appColumns), { key: "name", down: false }, 0).facets;
  expect(both.health).toEqual(new Map([["Healthy", 1]]));
  expect(both.sync).toEqual(new Map([["Synced", 1]]));
});

test("a change touches one row", () => {
  const drawn: number[] = [];
  for (let i = 0; i < 4; i++)
    effect(() => {
      void store.watch(i).value;
      drawn.push(i);
    });
  drawn.length = 0;
  store.apply({ seq: 11, changed: [row({ uid: "u2", name: "charlie", health: "Degraded", cause: "now broken" })], removed: [] });
  expect(drawn).toEqual([2]);
  expect(store.row(2)).toMatchObject({ name: "charlie", health: "Degraded", cause: "now broken", project: "p1" });
  expect(show("broken")).toEqual(["charlie"]);
  expect(show("drifted")).toEqual([]);
});

test("rows come and go, their places are used again", () => {
  store.apply({ seq: 11, changed: [], removed: ["u1", "absent"] });
  expect(show()).toEqual(["bravo", "charlie", "delta"]);
  expect(store.total.value).toBe(3);
  store.apply({ seq: 12, changed: [row({ uid: "u9", name: "aaa", cluster: "c9", health: "Missing" })], removed: [] });
  expect(show()).toEqual(["aaa", "bravo", "charlie", "delta"]);
  expect(store.find("u9")).toBe(1);
  expect(show("cluster:c9 health:missing")).toEqual(["aaa"]);
  for (let i = 0; i < 1000; i++) store.apply({ seq: 13 + i, changed: [row({ uid: `n${i}`, name: `n${String(i).padStart(4, "0")}` })], removed: [] });
  expect(show()).toHaveLength(1004);
  expect(show("name:n0999")).toEqual(["n0999"]);
});

test("what is old already changes nothing", () => {
  store.apply({ seq: 10, changed: [row({ name: "stale" })], removed: [] });
  expect(store.name[0]).toBe("delta");
  expect(store.seq).toBe(10);
});

test("a mark goes with its row", () => {
  store.mark("u1", true);
  store.mark("u2", true);
  expect(show("is:marked")).toEqual(["alpha", "charlie"]);
  store.apply({ seq: 11, changed: [], removed: ["u1"] });
  expect([...store.marked.value]).toEqual(["u2"]);
});

test("a mark follows the name into the next snapshot", () => {
  store.mark("u1", true);
  const next = board();
  next.rows.uid = ["u1", "u0", "u3", "u2"];
  store.load(next);
  expect([...store.marked.value]).toEqual(["u0"]);
  expect(show("is:marked")).toEqual(["alpha"]);
  next.rows.name = ["w", "x", "y", "z"];
  store.load(next);
  expect([...store.marked.value]).toEqual([]);
});

test("a snapshot replaces everything", () => {
  const next = board();
  next.rows.name = ["w", "x", "y", "z"];
  next.seq = 99;
  store.load(next);
  expect(show()).toEqual(["w", "x", "y", "z"]);
  expect(store.seq).toBe(99);
});
