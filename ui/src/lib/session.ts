// Who is here, what the server is, and how it should look.
import { computed, signal } from "@preact/signals";
import type { Settings, UserInfo } from "../wire";
import { change, csrf, Failure, get, onUnauthenticated } from "./api";
import { store, stored } from "./browser";
import { loadPreferences } from "./preferences";

export const user = signal<UserInfo | null>(null);
export const settings = signal<Settings["windlass"] | null>(null);
export type Phase = "starting" | "login" | "in" | "unreachable";
export const phase = signal<Phase>("starting");
export const simulated = computed(() => settings.value?.simulated ?? false);

/** Asks who we are. */
export async function enter(): Promise<void> {
  try {
    const [who, what] = await Promise.all([
      get<UserInfo>("session/userinfo").catch((e: unknown) => {
        if (e instanceof Failure && e.status === 401) return { loggedIn: false } as UserInfo;
        throw e;
      }),
      get<Settings>("settings"),
    ]);
    user.value = who;
    csrf.value = who.csrf ?? "";
    settings.value = what.windlass ?? null;
    phase.value = who.loggedIn || what.windlass?.anonymous ? "in" : "login";
    if (who.loggedIn) void loadPreferences();
  } catch {
    phase.value = "unreachable";
  }
}

/** Asks whether the session still holds, when the stream has ended: an event stream can't say why it did. */
export async function recheck(): Promise<void> {
  try {
    const who = await get<UserInfo>("session/userinfo");
    user.value = who;
    csrf.value = who.csrf ?? "";
    if (!who.loggedIn) onUnauthenticated.call();
  } catch {
    // Not there, or 401: the latter is handled where it is seen.
  }
}

onUnauthenticated.call = () => {
  if (phase.peek() === "in" && !settings.peek()?.anonymous) phase.value = "login";
};

export async function login(username: string, password: string): Promise<void> {
  await change("POST", "session", {}, { username, password });
  await enter();
}

export async function logout(): Promise<void> {
  await change("DELETE", "session");
  location.assign("/");
}

export type Theme = "auto" | "light" | "dark";
export const theme = signal<Theme>((stored("windlass.theme") as Theme | null) ?? "auto");
export const singleKeys = signal(stored("windlass.keys") !== "off");

export function setTheme(t: Theme): void {
  theme.value = t;
  store("windlass.theme", t);
}

export function setSingleKeys(on: boolean): void {
  singleKeys.value = on;
  store("windlass.keys", on ? "on" : "off");
}

theme.subscribe((t) => {
  const root = document.documentElement;
  if (t === "auto") delete root.dataset["theme"];
  else root.dataset["theme"] = t;
});
