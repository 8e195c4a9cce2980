// Favourites and views: kept by the server for who is logged in, and by this browser in any case.
import { signal } from "@preact/signals";
import type { Preferences, SavedView } from "../wire";
import { change, get } from "./api";
import { store, stored } from "./browser";

const local = <T>(key: string): T[] => {
  try {
    return JSON.parse(stored(key) ?? "[]") as T[];
  } catch {
    return []; // somebody else's
  }
};

/** By namespace and name. */
export const favourites = signal<ReadonlySet<string>>(new Set(local<string>("windlass.favourites")));
/** Queries with a name, one's own. */
export const views = signal<readonly SavedView[]>(local<SavedView>("windlass.views"));
/** Those that everybody has. */
export const sharedViews = signal<readonly SavedView[]>([]);
export const mayShare = signal(false);
/** Whether the server keeps them for us; it doesn't for who isn't logged in. */
let kept = false;

/** What the server keeps is what counts; what only this browser had is brought to it once. */
export async function loadPreferences(): Promise<void> {
  try {
    const p = await get<Preferences>("preferences");
    kept = p.kept;
    sharedViews.value = p.shared;
    mayShare.value = p.mayShare;
    if (!kept) return;
    if (!p.favourites.length && !p.views.length && (favourites.peek().size || views.peek().length)) {
      await change("PUT", "preferences", {}, { favourites: [...favourites.peek()], views: views.peek() });
      return;
    }
    favourites.value = new Set(p.favourites);
    views.value = p.views;
    store("windlass.favourites", JSON.stringify(p.favourites));
    store("windlass.views", JSON.stringify(p.views));
  } catch {
    // What the browser has has to do.
  }
}

function keep(what: Partial<Pick<Preferences, "favourites" | "views">>): void {
  if (kept) void change("PUT", "preferences", {}, what).catch(() => {});
}

export function toggleFavourite(app: string): void {
  const next = new Set(favourites.peek());
  if (!next.delete(app)) next.add(app);
  favourites.value = next;
  store("windlass.favourites", JSON.stringify([...next]));
  keep({ favourites: [...next] });
}

export function saveViews(list: readonly SavedView[]): void {
  views.value = list;
  store("windlass.views", JSON.stringify(list));
  keep({ views: [...list] });
}

/** For everybody; refused to those who may not. */
export async function shareViews(list: readonly SavedView[]): Promise<void> {
  await change("PUT", "preferences", {}, { shared: list });
  sharedViews.value = list;
}
