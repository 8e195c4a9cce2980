// Every application, as columns. A change touches one row; only rows on the screen have a signal.
import { batch, signal, type Signal } from "@preact/signals";
import { Flag, type Board, type Row, type RowsEvent } from "../wire";
import { favourites } from "./preferences";
import { countedFlags, Dict, flagOf, severity } from "./words";
import { appColumns, termMatches, type Query, type Subject, type Term } from "./query";

export type SortKey = "worst" | "name" | "project" | "cluster" | "sync" | "health" | "since" | "drift" | "resources";
export type Sort = { key: SortKey; down: boolean };
export type FacetKey = "sync" | "health" | "cluster" | "project" | "is";
export const facetKeys: readonly FacetKey[] = ["health", "sync", "is", "cluster", "project"];
export type Facets = Record<FacetKey, Map<string, number>>;
export type View = { ids: Int32Array; facets: Facets };

const dictColumns = ["ns", "project", "cluster", "destNs", "repo", "sync", "health"] as const;
type DictColumn = (typeof dictColumns)[number];
const queryColumn: Record<string, DictColumn> = {
  ns: "ns",
  project: "project",
  cluster: "cluster",
  dest: "destNs",
  repo: "repo",
  sync: "sync",
  health: "health",
};

export class Store {
  /** Sequence of the newest change that is in. */
  seq = 0;
  readonly loaded = signal(false);
  /** Grows when rows came, went, or moved in any order or filter. */
  readonly shape = signal(0);
  readonly total = signal(0);
  readonly marked = signal<ReadonlySet<string>>(new Set());

  uid: string[] = [];
  name: string[] = [];
  path: string[] = [];
  rev: string[] = [];
  cause: string[] = [];
  labels: string[] = [];
  since: Float64Array = new Float64Array(0);
  drift: Int32Array = new Int32Array(0);
  flags: Int32Array = new Int32Array(0);
  resources: Int32Array = new Int32Array(0);
  private cols: Record<DictColumn, Int32Array>;
  private dicts: Record<DictColumn, Dict>;
  private hay: (string | undefined)[] = [];
  private at = new Map<string, number>();
  private free: number[] = [];
  private signals = new Map<number, Signal<number>>();
  private nameRank: Int32Array | null = null;

  constructor() {
    this.cols = Object.fromEntries(dictColumns.map((c) => [c, new Int32Array(0)])) as Record<DictColumn, Int32Array>;
    this.dicts = Object.fromEntries(dictColumns.map((c) => [c, new Dict()])) as Record<DictColumn, Dict>;
  }

  /** Takes a whole snapshot; what was there before is gone. */
  load(board: Board): void {
    const { dict, rows } = board;
    // A uid is good for one snapshot only: after the server's restart it may be another application's. A mark follows the name.
    const named = (i: number): string => `${this.text("ns", i)}/${this.name[i] ?? ""}`;
    const marks = new Set([...this.marked.peek()].map((u) => named(this.at.get(u) ?? -1)));
    const n = rows.uid.length;
    const room = n + 256;
    const wide = (from: ArrayLike<number>): Int32Array => {
      const a = new Int32Array(room);
      a.set(from);
      return a;
    };
    this.seq = board.seq;
    this.uid = rows.uid.slice();
    this.name = rows.name.slice();
    this.path = rows.path.slice();
    this.rev = rows.rev.slice();
    this.cause = rows.cause.slice();
    this.labels = rows.labels.slice();
    this.since = new Float64Array(room);
    this.since.set(rows.since);
    this.drift = wide(rows.drift);
    this.flags = wide(rows.flags);
    this.resources = wide(rows.resources);
    for (const c of dictColumns) this.cols[c] = wide(rows[c]);
    // Both kinds of namespace share one dictionary on the wire.
    const namespace = new Dict(dict.namespace);
    this.dicts = {
      ns: namespace,
      destNs: namespace,
      project: new Dict(dict.project),
      cluster: new Dict(dict.cluster),
      repo: new Dict(dict.repo),
      sync: new Dict(dict.sync),
      health: new Dict(dict.health),
    };
    this.at = new Map(rows.uid.map((u, i) => [u, i]));
    this.hay = new Array<string | undefined>(n);
    this.free = [];
    this.nameRank = null;
    const marked = marks.size ? rows.uid.filter((_, i) => marks.has(named(i))) : [];
    batch(() => {
      this.marked.value = new Set(marked);
      this.total.value = n;
      this.loaded.value = true;
      this.shape.value++;
      for (const s of this.signals.values()) s.value++;
    });
  }

  /** Applies a batch of changes; a batch that is in already changes nothing. */
  apply(event: RowsEvent): void {
    if (event.seq <= this.seq) return;
    this.seq = event.seq;
    batch(() => {
      let moved = false;
      for (const uid of event.removed) moved = this.remove(uid) || moved;
      for (const row of event.changed) moved = this.upsert(row) || moved;
      if (moved) this.shape.value++;
      this.total.value = this.at.size;
    });
  }

  private remove(uid: string): boolean {
    const i = this.at.get(uid);
    if (i === undefined) return false;
    this.at.delete(uid);
    this.uid[i] = "";
    this.name[i] = "";
    this.hay[i] = "";
    this.free.push(i);
    this.nameRank = null;
    if (this.marked.peek().has(uid)) this.mark(uid, false);
    return true;
  }

  private grow(): void {
    const room = Math.max(256, this.uid.length * 2);
    const wider = <T extends Int32Array | Float64Array>(a: T, b: T): T => {
      b.set(a);
      return b;
    };
    this.since = wider(this.since, new Float64Array(room));
    this.drift = wider(this.drift, new Int32Array(room));
    this.flags = wider(this.flags, new Int32Array(room));
    this.resources = wider(this.resources, new Int32Array(room));
    for (const c of dictColumns) this.cols[c] = wider(this.cols[c], new Int32Array(room));
  }

  private upsert(row: Row): boolean {
    let i = this.at.get(row.uid);
    const fresh = i === undefined;
    if (i === undefined) {
      i = this.free.pop() ?? this.uid.length;
      if (i >= this.flags.length) this.grow();
      this.at.set(row.uid, i);
      this.uid[i] = row.uid;
      this.nameRank = null;
    }
    let moved = fresh;
    for (const c of dictColumns) {
      const id = this.dicts[c].id(row[c]);
      const col = this.cols[c];
      if (col[i] !== id) {
        col[i] = id;
        moved = true;
      }
    }
    if (this.name[i] !== row.name) {
      this.name[i] = row.name;
      this.nameRank = null;
      moved = true;
    }
    if (this.flags[i] !== row.flags || this.drift[i] !== row.drift || this.labels[i] !== row.labels) moved = true;
    if (this.cause[i] !== row.cause || this.rev[i] !== row.rev || this.since[i] !== row.since) moved = true;
    this.path[i] = row.path;
    this.rev[i] = row.rev;
    this.cause[i] = row.cause;
    this.labels[i] = row.labels;
    this.since[i] = row.since;
    this.drift[i] = row.drift;
    this.flags[i] = row.flags;
    this.resources[i] = row.resources;
    this.hay[i] = undefined;
    const s = this.signals.get(i);
    if (s) s.value++;
    return moved;
  }

  /** The signal of one row; whoever reads it is drawn again when the row changes. */
  watch(i: number): Signal<number> {
    let s = this.signals.get(i);
    if (!s) {
      s = signal(0);
      this.signals.set(i, s);
    }
    return s;
  }

  find(uid: string): number {
    return this.at.get(uid) ?? -1;
  }

  findNamed(ns: string, name: string): number {
    for (let i = 0; i < this.name.length; i++) if (this.name[i] === name && this.text("ns", i) === ns && this.uid[i]) return i;
    return -1;
  }

  text(column: DictColumn, i: number): string {
    return this.dicts[column].word(this.cols[column][i] ?? -1);
  }

  words(column: DictColumn): readonly string[] {
    return this.dicts[column].words;
  }

  row(i: number): Row {
    return {
      uid: this.uid[i] ?? "",
      ns: this.text("ns", i),
      name: this.name[i] ?? "",
      project: this.text("project", i),
      cluster: this.text("cluster", i),
      destNs: this.text("destNs", i),
      repo: this.text("repo", i),
      path: this.path[i] ?? "",
      sync: this.text("sync", i),
      health: this.text("health", i),
      rev: this.rev[i] ?? "",
      since: this.since[i] ?? 0,
      cause: this.cause[i] ?? "",
      drift: this.drift[i] ?? 0,
      flags: this.flags[i] ?? 0,
      resources: this.resources[i] ?? 0,
      labels: this.labels[i] ?? "",
    };
  }

  haystack(i: number): string {
    let h = this.hay[i];
    if (h === undefined) {
      h = [
        this.name[i],
        this.text("ns", i),
        this.text("project", i),
        this.text("cluster", i),
        this.text("destNs", i),
        this.text("repo", i),
        this.path[i],
        this.rev[i],
        this.cause[i],
        this.labels[i],
      ]
        .join("\n")
        .toLowerCase();
      this.hay[i] = h;
    }
    return h;
  }

  /** Makes the haystacks ahead of the first keystroke; call it when idle. */
  warm(): void {
    for (let i = 0; i < this.uid.length; i++) this.haystack(i);
  }

  mark(uid: string, on: boolean): void {
    const next = new Set(this.marked.peek());
    if (on) next.add(uid);
    else next.delete(uid);
    this.marked.value = next;
  }

  /** A test of one row by its number. A dictionary column is decided once for each word. */
  private compile(term: Term, nowSeconds: number): (i: number) => boolean {
    if (term.kind === "text") {
      const { text, not } = term;
      return (i) => this.haystack(i).includes(text) !== not;
    }
    let cursor = 0;
    let word = "";
    const subject: Subject = {
      text: (key) => {
        if (queryColumn[key]) return word;
        const column = { name: this.name, path: this.path, rev: this.rev, cause: this.cause }[key];
        return (column?.[cursor] ?? "").toLowerCase();
      },
      number: (key) => {
        if (key === "since") return nowSeconds - (this.since[cursor] ?? 0);
        return (key === "drift" ? this.drift[cursor] : this.resources[cursor]) ?? 0;
      },
      is: (w) => {
        if (w === "favourite") return favourites.peek().has(`${this.text("ns", cursor)}/${this.name[cursor] ?? ""}`);
        if (w === "marked") return this.marked.peek().has(this.uid[cursor] ?? "");
        return ((this.flags[cursor] ?? 0) & (flagOf[w] ?? 0)) !== 0;
      },
      labels: () => (this.labels[cursor] ?? "").toLowerCase(),
      haystack: () => "",
    };
    const column = term.kind === "column" ? queryColumn[term.key] : undefined;
    if (column) {
      const hit = this.dicts[column].words.map((w) => {
        word = w.toLowerCase();
        return termMatches(term, appColumns, subject);
      });
      const col = this.cols[column];
      return (i) => hit[col[i] ?? -1] ?? false;
    }
    return (i) => {
      cursor = i;
      return termMatches(term, appColumns, subject);
    };
  }

  private names(): Int32Array {
    if (!this.nameRank) {
      const n = this.uid.length;
      const order = Array.from({ length: n }, (_, i) => i);
      const { name } = this;
      order.sort((a, b) => {
        const x = name[a] ?? "";
        const y = name[b] ?? "";
        return x < y ? -1 : x > y ? 1 : a - b;
      });
      this.nameRank = new Int32Array(n);
      for (let at = 0; at < n; at++) this.nameRank[order[at] ?? 0] = at;
    }
    return this.nameRank;
  }

  private sorter(key: SortKey): (i: number) => number {
    switch (key) {
      case "name":
        return () => 0;
      case "since":
        return (i) => -(this.since[i] ?? 0);
      case "drift":
        return (i) => -(this.drift[i] ?? 0);
      case "resources":
        return (i) => -(this.resources[i] ?? 0);
      case "project":
      case "cluster":
      case "sync": {
        const rank = this.dicts[key].rank();
        const col = this.cols[key];
        return (i) => rank[col[i] ?? 0] ?? 0;
      }
      case "health": {
        const order = ["Degraded", "Missing", "Unknown", "Progressing", "Suspended", "Healthy"];
        const rank = this.dicts.health.words.map((w) => order.indexOf(w));
        const col = this.cols.health;
        return (i) => rank[col[i] ?? 0] ?? 0;
      }
      case "worst": {
        const { sync, health } = this.dicts;
        return (i) => severity(sync.word(this.cols.sync[i] ?? 0), health.word(this.cols.health[i] ?? 0), this.flags[i] ?? 0);
      }
    }
  }

  /**
   * The rows that match, in order, and what the facets count: for each facet the rows that match everything but this facet's own
   * terms. One pass over the columns, and one sort of packed numbers.
   */
  view(query: Query, sort: Sort, nowMs: number): View {
    const n = this.uid.length;
    const general: ((i: number) => boolean)[] = [];
    const own: { facet: FacetKey; test: (i: number) => boolean }[] = [];
    for (const t of query.terms) {
      const test = this.compile(t, nowMs / 1000);
      const facet = t.kind === "column" ? facetKeys.find((f) => f === t.key) : undefined;
      if (facet) own.push({ facet, test });
      else general.push(test);
    }
    const counts = {
      sync: new Int32Array(this.dicts.sync.words.length),
      health: new Int32Array(this.dicts.health.words.length),
      cluster: new Int32Array(this.dicts.cluster.words.length),
      project: new Int32Array(this.dicts.project.words.length),
      is: new Int32Array(countedFlags.length),
    };
    const plain = ["sync", "health", "cluster", "project"] as const;
    const tally = (facet: FacetKey, i: number): void => {
      if (facet === "is") {
        const f = this.flags[i] ?? 0;
        if (f & ~(Flag.auto | Flag.selfHeal | Flag.maySync))
          for (let k = 0; k < countedFlags.length; k++)
            if (f & (flagOf[countedFlags[k] ?? ""] ?? 0)) counts.is[k] = (counts.is[k] ?? 0) + 1;
        return;
      }
      const id = this.cols[facet][i] ?? 0;
      counts[facet][id] = (counts[facet][id] ?? 0) + 1;
    };
    const primary = this.sorter(sort.key);
    const names = this.names();
    // Packed as one number: 31 bits of the column, 21 bits of the name's place.
    const packed = new Float64Array(n);
    const byName = new Int32Array(n);
    let m = 0;
    rows: for (let i = 0; i < n; i++) {
      if (!this.uid[i]) continue;
      for (const test of general) if (!test(i)) continue rows;
      let failed: FacetKey | null = null;
      for (const { facet, test } of own) {
        if (failed === facet || test(i)) continue;
        if (failed) continue rows;
        failed = facet;
      }
      if (failed) {
        tally(failed, i);
        continue;
      }
      for (const f of plain) tally(f, i);
      tally("is", i);
      const place = names[i] ?? 0;
      byName[place] = i;
      const first = primary(i);
      packed[m++] = (sort.down ? -first : first) * 2097152 + (sort.down && sort.key === "name" ? n - 1 - place : place);
    }
    const keys = packed.subarray(0, m).sort();
    const ids = new Int32Array(m);
    for (let k = 0; k < m; k++) {
      const key = keys[k] ?? 0;
      const place = ((key % 2097152) + 2097152) % 2097152;
      ids[k] = byName[sort.down && sort.key === "name" ? n - 1 - place : place] ?? 0;
    }
    const facets = { is: new Map() } as Facets;
    for (const f of plain)
      facets[f] = new Map(this.dicts[f].words.map((w, id) => [w, counts[f][id] ?? 0] as const).filter(([, c]) => c > 0));
    countedFlags.forEach((w, k) => {
      const c = counts.is[k] ?? 0;
      if (c) facets.is.set(w, c);
    });
    return { ids, facets };
  }
}

export const store = new Store();
