// The shape of the long lists: a head with filters in the address, a grid below, older pages on demand.
import type { ComponentChildren } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import { get, type Query } from "../lib/api";
import { useFetch, type Fetched, type RefetchOn } from "../lib/live";
import { param, setParams } from "../lib/router";
import { Button, ErrorNote, Skeleton } from "./basic";
import { toast } from "./toast";

type Page = { next?: string | undefined };

/** The newest page, kept current, and the older ones that were asked for. `cursor` names the server's parameter. */
export function usePages<P extends Page, T>(
  path: string,
  query: Query,
  on: RefetchOn,
  how: { items: (page: P) => readonly T[]; id: (item: T) => string; cursor: "before" | "after"; everyMs: number },
): { first: Fetched<P>; items: readonly T[]; next: string | undefined; more: () => void } {
  const first = useFetch<P>(path, query, on, how.everyMs);
  const [older, setOlder] = useState<{ items: readonly T[]; next: string | undefined } | null>(null);
  const key = JSON.stringify(query);
  useEffect(() => setOlder(null), [key]);
  const items = useMemo(() => {
    const seen = new Set<string>();
    return [...(first.data ? how.items(first.data) : []), ...(older?.items ?? [])].filter((x) => {
      const id = how.id(x);
      return !seen.has(id) && seen.add(id);
    });
  }, [first.data, older]);
  const next = older ? older.next : first.data?.next;
  const more = () =>
    void get<P>(path, { ...query, [how.cursor]: next }).then(
      (page) => setOlder({ items: [...(older?.items ?? []), ...how.items(page)], next: page.next }),
      (e: unknown) => toast(e instanceof Error ? e.message : String(e), "bad"),
    );
  return { first, items, next, more };
}

/** One filter whose value is in the address. */
export function Filter({ name, label, main = false }: { name: string; label: string; main?: boolean }) {
  return (
    <input
      class="input input-s"
      type="search"
      {...(main ? { "data-query": true } : {})}
      aria-label={label}
      placeholder={label}
      value={param(name)}
      onChange={(e) => setParams({ [name]: e.currentTarget.value })}
    />
  );
}

type ListProps = {
  title: string;
  sub?: ComponentChildren;
  tools?: ComponentChildren;
  filters: ComponentChildren;
  first: Fetched<unknown>;
  cls?: string;
  children: ComponentChildren;
};

export function ListPage({ title, sub, tools, filters, first, cls = "", children }: ListProps) {
  return (
    <div class={`page-fill ${cls}`}>
      <div class="list-head">
        <header class="page-head">
          <h1>{title}</h1>
          {sub !== undefined && <span class="sub num">{sub}</span>}
          {tools && <span class="grow" />}
          {tools}
        </header>
        <div class="filters">{filters}</div>
      </div>
      {first.error && !first.data && <ErrorNote error={first.error} retry={first.reload} />}
      {first.data ? children : !first.error && <Skeleton rows={12} />}
    </div>
  );
}

/** Below a grid: the next page, if there is one. */
export function More({ next, more, label }: { next: string | undefined; more: () => void; label: string }) {
  return next ? (
    <div class="pad">
      <Button onClick={more}>{label}</Button>
    </div>
  ) : null;
}
