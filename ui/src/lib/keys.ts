// Keyboard: one table of what is bound now. Sequences ("g a") and chords ("Ctrl+k").
import { signal } from "@preact/signals";
import { useLayoutEffect } from "preact/hooks";
import { singleKeys } from "./session";

export type Binding = { key: string; what: string; run: (e: KeyboardEvent) => unknown; always?: boolean };

const layers = signal<readonly (readonly Binding[])[]>([]);
let prefix = "";
let prefixAt = 0;
/** A sequence must be finished in this time. */
const sequenceMs = 1200;

export function bindings(): readonly Binding[] {
  return layers.value.flat();
}

/** Binds keys while the component is there; what was bound last wins. */
export function useKeys(make: () => readonly Binding[], deps: readonly unknown[]): void {
  // Before the next key, which may come before the next paint.
  useLayoutEffect(() => {
    const layer = make();
    layers.value = [...layers.peek(), layer];
    return () => {
      layers.value = layers.peek().filter((l) => l !== layer);
    };
  }, deps as unknown[]);
}

function typing(e: KeyboardEvent): boolean {
  const el = e.target as HTMLElement | null;
  return !!el?.closest?.("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]");
}

function name(e: KeyboardEvent): string {
  const ctrl = e.ctrlKey || e.metaKey ? "Ctrl+" : "";
  const alt = e.altKey ? "Alt+" : "";
  return ctrl + alt + (e.key.length === 1 && ctrl ? e.key.toLowerCase() : e.key);
}

export function listenKeys(): void {
  document.addEventListener("keydown", (e) => {
    if (e.defaultPrevented || e.isComposing) return;
    const key = name(e);
    const chord = key.includes("+") && key.length > 1;
    if (!chord && (typing(e) || !singleKeys.peek())) {
      prefix = "";
      return;
    }
    // A dialog has its own keys.
    if (document.querySelector("dialog[open]") && key !== "Ctrl+k") return;
    if (document.querySelector("[role=menu]")) return;
    const now = e.timeStamp;
    const wanted = prefix && now - prefixAt < sequenceMs ? `${prefix} ${key}` : key;
    const all = layers.peek().flat();
    const hit = all.findLast((b) => b.key === wanted) ?? (wanted === key ? undefined : all.findLast((b) => b.key === key));
    if (hit) {
      prefix = "";
      // Enter and Space belong to the control that has the focus.
      const el = e.target as HTMLElement;
      if ((key === "Enter" || key === " ") && el.closest("a, button, summary, [role=treeitem], [role=option]")) return;
      e.preventDefault();
      hit.run(e);
      return;
    }
    if (!chord && all.some((b) => b.key.startsWith(`${key} `))) {
      prefix = key;
      prefixAt = now;
    } else prefix = "";
  });
}
