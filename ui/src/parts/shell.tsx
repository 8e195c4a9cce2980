// The frame of every page: where one can go, how current we are, who is here.
import { computed, effect } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { useKeys } from "../lib/keys";
import { behindSeconds, boardError, paused, setPaused, stream } from "../lib/live";
import { count, now, skewMs, span } from "../lib/format";
import { go, moves, path } from "../lib/router";
import { logout, setTheme, settings, simulated, theme, user } from "../lib/session";
import { store } from "../lib/store";
import { t } from "../strings";
import { Flag } from "../wire";
import { Anchor, Icon, type IconName } from "./icon";
import { Menu } from "./menu";
import { Palette } from "./palette";
import { Toasts } from "./toast";

type Entry = { href: string; icon: IconName; label: string; key: string; tally?: () => { n: number; tone: string } };

/** What the sidebar counts, from the columns; follows at most once a second. */
const tallies = { at: 0, total: -1, held: 0, drift: 0 };
const counted = computed(() => {
  void store.shape.value;
  const total = store.total.value;
  // A new snapshot counts at once, changes at most once a second.
  if (now.value - tallies.at >= 1000 || total !== tallies.total) {
    tallies.at = now.value;
    tallies.total = total;
    tallies.held = 0;
    tallies.drift = 0;
    for (let i = 0; i < store.uid.length; i++) {
      if (!store.uid[i]) continue;
      const f = store.flags[i] ?? 0;
      if (f & (Flag.held | Flag.rolledBack)) tallies.held++;
      if (f & Flag.driftOpen) tallies.drift++;
    }
  }
  return { total, held: tallies.held, drift: tallies.drift };
});

const groups: Entry[][] = [
  [
    { href: "/", icon: "fleet", label: t.nav.fleet, key: "g f" },
    { href: "/apps", icon: "apps", label: t.nav.apps, key: "g a", tally: () => ({ n: counted.value.total, tone: "" }) },
    { href: "/drift", icon: "drift", label: t.nav.drift, key: "g d", tally: () => ({ n: counted.value.drift, tone: "bad" }) },
    { href: "/rollouts", icon: "rollouts", label: t.nav.rollouts, key: "g r", tally: () => ({ n: counted.value.held, tone: "hold" }) },
    { href: "/resources", icon: "resources", label: t.nav.resources, key: "g o" },
    { href: "/audit", icon: "audit", label: t.nav.audit, key: "g u" },
  ],
  [
    { href: "/clusters", icon: "clusters", label: t.nav.clusters, key: "g c" },
    { href: "/projects", icon: "projects", label: t.nav.projects, key: "g p" },
    { href: "/settings", icon: "settings", label: t.nav.settings, key: "g s" },
    { href: "/help/keys", icon: "help", label: t.nav.keys, key: "?" },
  ],
];

function here(href: string, at: string): boolean {
  return href === "/" ? at === "/" : at === href || at.startsWith(`${href}/`);
}

function Nav({ entry }: { entry: Entry }) {
  const on = here(entry.href, path.value);
  const tally = entry.tally?.();
  return (
    <a class="nav" href={entry.href} aria-current={on ? "page" : undefined} title={`${entry.label} (${entry.key})`}>
      <Icon name={entry.icon} />
      <span class="label">{entry.label}</span>
      {tally && tally.n > 0 && <span class={`tally tally-${tally.tone}`}>{count(tally.n)}</span>}
    </a>
  );
}

export function ConnBadge() {
  const link = stream.link.value;
  const late = behindSeconds.value;
  const hold = paused.value;
  const ago = span(now.value - skewMs.value - stream.heard.value);
  const [cls, word] = hold
    ? ["paused", t.conn.paused]
    : link === "offline"
      ? ["offline", t.conn.offline(ago)]
      : link === "connecting"
        ? ["behind", t.conn.connecting]
        : late
          ? ["behind", t.conn.behind(late)]
          : ["live", t.conn.live];
  return (
    <button
      type="button"
      class={`conn conn-${cls}`}
      data-conn={cls}
      title={hold ? t.conn.resumeHint : t.conn.pauseHint}
      aria-pressed={hold}
      onClick={() => setPaused(!hold)}
    >
      <i aria-hidden="true" />
      <span>{word}</span>
    </button>
  );
}

function Banners() {
  const offline = stream.link.value === "offline" && store.loaded.value;
  return (
    <div class="banners">
      {simulated.value && (
        <div class="banner" role="note">
          <Icon name="info" size={14} />
          <span>{t.banner.simulated}</span>
        </div>
      )}
      {offline && (
        <div class="banner banner-bad" role="status">
          <Icon name="alert" size={14} />
          <span>{t.banner.offline}</span>
          <button type="button" class="btn btn-s" onClick={() => stream.nudge()}>
            {t.banner.again}
          </button>
        </div>
      )}
      {boardError.value && !store.loaded.value && (
        <div class="banner banner-bad" role="status">
          <Icon name="alert" size={14} />
          <span>{boardError.value.message}</span>
        </div>
      )}
    </div>
  );
}

const themeIcon = { auto: "auto", light: "sun", dark: "moon" } as const;

export function Shell({ children }: { children: ComponentChildren }) {
  const [jump, setJump] = useState(false);
  const main = useRef<HTMLElement>(null);

  useKeys(
    () => [
      { key: "Ctrl+k", what: t.keys.jump, run: () => setJump(true), always: true },
      ...groups.flat().map((e) => ({ key: e.key, what: t.keys.goTo(e.label), run: () => go(e.href) })),
      {
        key: "/",
        what: t.keys.query,
        run: () => {
          const box = document.querySelector<HTMLInputElement>(".query input, [data-query]");
          if (box) box.focus();
          else setJump(true);
        },
      },
    ],
    [],
  );

  // After a move the new page has the focus, as after a page load.
  useEffect(() => {
    let first = true;
    return effect(() => {
      void moves.value;
      if (first) first = false;
      else requestAnimationFrame(() => main.current?.focus({ preventScroll: true }));
    });
  }, []);

  const who = user.value;
  return (
    <div class="shell">
      <a class="skip" href="#main" onClick={(e) => (e.preventDefault(), main.current?.focus())}>
        {t.skip}
      </a>
      <section class="banner-area" aria-label={t.notices}>
        <Banners />
      </section>
      <nav class="side" aria-label={t.nav.label}>
        <a class="brand" href="/" aria-label={t.home}>
          <Anchor />
          <span class="label">Windlass</span>
        </a>
        <div class="navs">
          {groups.map((g, i) => [
            i ? <div key="gap" class="nav-gap" /> : null,
            ...g.map((e) => <Nav key={e.href} entry={e} />),
          ])}
        </div>
        <div class="side-foot">
          <span>
            {settings.value?.mode && t.mode[settings.value.mode]} {settings.value?.version}
          </span>
        </div>
      </nav>
      <header class="top">
        <button type="button" class="jump" onClick={() => setJump(true)}>
          <Icon name="search" size={14} />
          <span class="trunc">{t.jump.placeholder}</span>
          <kbd>Ctrl K</kbd>
        </button>
        <div class="top-end">
          <ConnBadge />
          <Menu
            label={t.theme.label}
            icon={themeIcon[theme.value]}
            cls="btn btn-ghost"
            items={(["auto", "light", "dark"] as const).map((x) => ({
              label: t.theme[x],
              checked: theme.value === x,
              run: () => setTheme(x),
            }))}
          />
          {who?.loggedIn && (
            <Menu
              label={t.account(who.username ?? "")}
              icon="user"
              cls="btn btn-ghost"
              items={[
                { label: t.nav.settings, icon: "settings", run: () => go("/settings") },
                { label: t.nav.keys, icon: "help", key: "?", run: () => go("/help/keys") },
                null,
                { label: t.logout, icon: "external", run: () => void logout() },
              ]}
            >
              <span class="hide-sm">{who.username}</span>
            </Menu>
          )}
        </div>
      </header>
      <main class="main" id="main" ref={main} tabIndex={-1}>
        {children}
      </main>
      <Toasts />
      {jump && <Palette onClose={() => setJump(false)} />}
    </div>
  );
}
