// A button with a menu below it.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Icon, type IconName } from "./icon";
import { toast } from "./toast";

export type Item = {
  label: string;
  icon?: IconName;
  hint?: string;
  key?: string;
  no?: string | undefined;
  checked?: boolean;
  danger?: boolean;
  run: () => void;
} | null;

type Props = { label: string; icon?: IconName; children?: ComponentChildren; items: Item[]; cls?: string; align?: "start" | "end" };

export function Menu({ label, icon, children, items, cls = "btn btn-plain", align = "end" }: Props) {
  const [open, set] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);

  useEffect(() => {
    if (!open) return;
    const out = (e: Event) => {
      if (!box.current?.contains(e.target as Node)) set(false);
    };
    document.addEventListener("pointerdown", out);
    box.current?.querySelector<HTMLElement>("[role^=menuitem]")?.focus();
    return () => document.removeEventListener("pointerdown", out);
  }, [open]);

  const onKey = (e: KeyboardEvent) => {
    if (!open) return;
    const all = [...(box.current?.querySelectorAll<HTMLElement>("[role^=menuitem]") ?? [])];
    const at = all.indexOf(document.activeElement as HTMLElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[e.key];
    if (to !== undefined) {
      e.preventDefault();
      e.stopPropagation();
      all[(to + all.length) % all.length]?.focus();
    } else if (e.key === "Escape" || e.key === "Tab") {
      e.stopPropagation();
      set(false);
      button.current?.focus();
    }
  };

  return (
    <div class="menu" ref={box} onKeyDown={onKey}>
      <button
        ref={button}
        type="button"
        class={`${cls}${children ? "" : " btn-icon"}`}
        aria-haspopup="menu"
        aria-expanded={open}
        aria-label={label}
        title={label}
        onClick={() => set(!open)}
      >
        {icon && <Icon name={icon} size={14} />}
        {children}
      </button>
      {open && (
        <div class={`menu-list menu-${align}`} role="menu" aria-label={label}>
          {items.map((it, i) =>
            it === null ? (
              <div key={i} class="menu-gap" role="separator" />
            ) : (
              <button
                key={it.label}
                type="button"
                role={it.checked === undefined ? "menuitem" : "menuitemradio"}
                aria-checked={it.checked}
                aria-disabled={it.no ? "true" : undefined}
                title={it.no}
                class={`menu-item${it.danger ? " tone-bad" : ""}`}
                tabIndex={-1}
                onClick={() => {
                  if (it.no) {
                    toast(it.no, "warn");
                    return;
                  }
                  set(false);
                  button.current?.focus();
                  it.run();
                }}
              >
                <Icon name={it.checked ? "check" : (it.icon ?? "right")} size={14} cls={it.checked === false ? "hidden" : ""} />
                <span class="grow">
                  {it.label}
                  {it.hint && <span class="menu-hint">{it.hint}</span>}
                </span>
                {it.key && <kbd>{it.key}</kbd>}
              </button>
            ),
          )}
        </div>
      )}
    </div>
  );
}
