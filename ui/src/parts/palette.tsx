// Ctrl-K: applications from the columns at once, everything else from the server as it answers.
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { get } from "../lib/api";
import { appHref, go } from "../lib/router";
import { store } from "../lib/store";
import { t } from "../strings";
import type { SearchHit } from "../wire";
import { Icon, type IconName } from "./icon";
import { Status } from "./basic";

const hitIcon: Record<SearchHit["kind"], IconName> = {
  app: "apps",
  resource: "resources",
  image: "render",
  commit: "commit",
  person: "user",
  page: "right",
};
const appsMax = 8;
const waitMs = 120;

const pages: SearchHit[] = (
  [
    ["fleet", "/"],
    ["apps", "/apps"],
    ["drift", "/drift"],
    ["rollouts", "/rollouts"],
    ["resources", "/resources"],
    ["audit", "/audit"],
    ["clusters", "/clusters"],
    ["projects", "/projects"],
    ["settings", "/settings"],
    ["keys", "/help/keys"],
  ] as const
).map(([k, href]) => ({ kind: "page", title: t.nav[k], detail: "", href }));

type Choice = SearchHit & { health?: string };

function local(q: string): Choice[] {
  const out: { choice: Choice; rank: number }[] = [];
  const words = q.split(/\s+/).filter(Boolean);
  if (!words.length) return [];
  for (let i = 0; i < store.uid.length && out.length < 400; i++) {
    if (!store.uid[i]) continue;
    const hay = store.haystack(i);
    if (!words.every((w) => hay.includes(w))) continue;
    const name = store.name[i] ?? "";
    const ns = store.text("ns", i);
    out.push({
      rank: name === q ? 0 : name.startsWith(q) ? 1 : name.includes(q) ? 2 : 3,
      choice: {
        kind: "app",
        title: name,
        detail: `${store.text("project", i)} · ${store.text("cluster", i)}`,
        href: appHref({ ns, name }),
        health: store.text("health", i),
      },
    });
  }
  return out
    .sort((a, b) => a.rank - b.rank || a.choice.title.length - b.choice.title.length)
    .slice(0, appsMax)
    .map((o) => o.choice);
}

export function Palette({ onClose }: { onClose: () => void }) {
  const [text, set] = useState("");
  const [far, setFar] = useState<{ q: string; hits: SearchHit[] }>({ q: "", hits: [] });
  const [active, setActive] = useState(0);
  const dialog = useRef<HTMLDialogElement>(null);
  const q = text.trim().toLowerCase();

  useLayoutEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    dialog.current?.showModal();
    return () => {
      dialog.current?.close();
      if (before?.isConnected) before.focus();
    };
  }, []);

  useEffect(() => {
    if (!q) return;
    const abort = new AbortController();
    const timer = setTimeout(() => {
      get<SearchHit[]>("search", { q }, abort.signal)
        .then((hits) => setFar({ q, hits }))
        .catch(() => {
          // The applications and pages below are found without the server.
        });
    }, waitMs);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [q]);

  const choices = useMemo<Choice[]>(() => {
    const near = local(q);
    const known = new Set(near.map((c) => c.href));
    const nav = pages.filter((p) => !q || p.title.toLowerCase().includes(q));
    const others = q ? far.hits.filter((h) => h.kind !== "page" && !known.has(h.href)) : [];
    return [...near, ...others, ...nav];
  }, [q, far]);

  const run = (c: Choice | undefined) => {
    if (!c) return;
    onClose();
    go(c.href);
  };
  const onKey = (e: KeyboardEvent) => {
    if (e.key === "ArrowDown" || e.key === "ArrowUp") {
      e.preventDefault();
      const n = choices.length || 1;
      const to = (active + (e.key === "ArrowDown" ? 1 : n - 1)) % n;
      setActive(to);
      document.getElementById(`jump-${to}`)?.scrollIntoView({ block: "nearest" });
    } else if (e.key === "Enter") {
      e.preventDefault();
      run(choices[active]);
    }
  };

  return (
    <dialog
      ref={dialog}
      class="dialog palette"
      aria-label={t.jump.label}
      onCancel={(e) => {
        e.preventDefault();
        onClose();
      }}
      onMouseDown={(e) => {
        if (e.target === dialog.current) onClose();
      }}
    >
      <div class="palette-in" onKeyDown={onKey}>
        <div class="palette-box">
          <Icon name="search" />
          <input
            type="text"
            role="combobox"
            aria-label={t.jump.label}
            aria-expanded={choices.length > 0}
            aria-controls="jump-list"
            aria-activedescendant={choices.length ? `jump-${active}` : undefined}
            placeholder={t.jump.placeholder}
            autocomplete="off"
            spellcheck={false}
            value={text}
            onInput={(e) => {
              set(e.currentTarget.value);
              setActive(0);
            }}
          />
          <kbd>Esc</kbd>
        </div>
        <div id="jump-list" role="listbox" aria-label={t.jump.results} class="palette-list">
          {choices.map((c, n) => (
            <div
              key={c.kind + c.href + c.title}
              id={`jump-${n}`}
              role="option"
              aria-selected={n === active}
              class={`palette-row${n === active ? " on" : ""}`}
              onMouseMove={() => setActive(n)}
              onClick={() => run(c)}
            >
              <Icon name={hitIcon[c.kind]} cls="faint" />
              <span class="trunc">{c.title}</span>
              <span class="faint trunc grow">{c.detail}</span>
              {c.health && c.health !== "Healthy" && <Status kind="health" word={c.health} />}
              <span class="faint kind">{t.jump.kind[c.kind]}</span>
            </div>
          ))}
          {!choices.length && <p class="palette-none">{t.jump.nothing(text)}</p>}
        </div>
      </div>
    </dialog>
  );
}
