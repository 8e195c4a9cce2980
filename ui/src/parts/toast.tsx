// Short messages, and what screen readers hear.
import { signal } from "@preact/signals";
import { t } from "../strings";
import { Icon } from "./icon";

type Toast = { id: number; text: string; tone: "ok" | "warn" | "bad"; hint: string };
const toasts = signal<readonly Toast[]>([]);
let next = 1;

export function toast(text: string, tone: Toast["tone"] = "ok", hint = ""): void {
  const id = next++;
  toasts.value = [...toasts.peek().slice(-2), { id, text, tone, hint }];
  setTimeout(() => drop(id), tone === "ok" ? 5000 : 9000);
}

function drop(id: number): void {
  toasts.value = toasts.peek().filter((x) => x.id !== id);
}

const polite = signal("");
let saidAt = 0;
let pending: ReturnType<typeof setTimeout> | undefined;
/** Says something politely, at most once in five seconds; the newest wins. */
export function announce(text: string, said: () => void = () => {}): void {
  clearTimeout(pending);
  const wait = Math.max(0, saidAt + 5000 - Date.now());
  pending = setTimeout(() => {
    saidAt = Date.now();
    polite.value = text;
    said();
  }, wait);
}

export function Toasts() {
  return (
    <>
      <div class="sr" role="status" aria-live="polite">
        {polite.value}
      </div>
      <div class="toasts" role="region" aria-label={t.messages}>
        {toasts.value.map((x) => (
          <div key={x.id} class={`toast tone-${x.tone}`} role={x.tone === "bad" ? "alert" : "status"}>
            <Icon name={x.tone === "ok" ? "check" : "alert"} />
            <div class="grow">
              <p>{x.text}</p>
              {x.hint && <p class="muted">{x.hint}</p>}
            </div>
            <button type="button" class="btn btn-ghost btn-icon btn-s" aria-label={t.close} onClick={() => drop(x.id)}>
              <Icon name="close" size={14} />
            </button>
          </div>
        ))}
      </div>
    </>
  );
}
