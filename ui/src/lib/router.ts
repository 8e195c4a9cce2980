// Where we are: the path and the query string, as signals. Every filter and selection lives there.
import { computed, signal } from "@preact/signals";

const here = signal({ path: location.pathname, search: location.search });

export const path = computed(() => here.value.path);
export const search = computed(() => here.value.search);
export const params = computed(() => new URLSearchParams(here.value.search));
/** Grows with every move that isn't just a filter; the page takes focus then. */
export const moves = signal(0);

function set(to: string, replace: boolean): void {
  const next = new URL(to, location.href);
  // What a server names leads to its own pages only.
  if (next.origin !== location.origin) return;
  const same = next.pathname === here.value.path;
  if (same && next.search === here.value.search) return;
  if (replace) history.replaceState(null, "", next);
  else history.pushState(null, "", next);
  here.value = { path: next.pathname, search: next.search };
  if (!same) moves.value++;
}

export function go(to: string): void {
  set(to, false);
}

export function replace(to: string): void {
  set(to, true);
}

/** One value of the query string; "" when unset. */
export function param(name: string): string {
  return params.value.get(name) ?? "";
}

/** Sets (or with "" removes) values of the query string, without a new entry in the history. */
export function setParams(values: Record<string, string>, push = false): void {
  const q = new URLSearchParams(here.peek().search);
  for (const [k, v] of Object.entries(values)) {
    if (v) q.set(k, v);
    else q.delete(k);
  }
  const text = q.toString();
  set(here.peek().path + (text ? `?${text}` : ""), !push);
}

export function appHref(app: { ns: string; name: string }, tab = ""): string {
  return `/apps/${encodeURIComponent(app.ns)}/${encodeURIComponent(app.name)}${tab ? `/${tab}` : ""}`;
}

/** Follows links inside the dashboard without loading a page. */
export function listen(): void {
  addEventListener("popstate", () => {
    const same = location.pathname === here.peek().path;
    here.value = { path: location.pathname, search: location.search };
    if (!same) moves.value++;
  });
  document.addEventListener("click", (e) => {
    if (e.defaultPrevented || e.button !== 0 || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey) return;
    const a = (e.target as Element | null)?.closest?.("a");
    if (!a || a.target || a.hasAttribute("download") || a.origin !== location.origin) return;
    if (a.pathname.startsWith("/api/") || a.pathname.startsWith("/auth/") || a.pathname.startsWith("/ui/")) return;
    if (a.hash && a.pathname === location.pathname) return;
    e.preventDefault();
    go(a.href);
  });
}
