// What columns are made of: words as numbers, flags as words, and how bad a state is.
import { Flag } from "../wire";

/** Words to small numbers and back. */
export class Dict {
  readonly words: string[];
  private readonly index: Map<string, number>;
  private ranks: Int32Array | null = null;

  constructor(words: readonly string[] = []) {
    this.words = [...words];
    this.index = new Map(this.words.map((w, i) => [w, i]));
  }

  id(word: string): number {
    let at = this.index.get(word);
    if (at === undefined) {
      at = this.words.length;
      this.words.push(word);
      this.index.set(word, at);
      this.ranks = null;
    }
    return at;
  }

  word(id: number): string {
    return this.words[id] ?? "";
  }

  /** Alphabetical place of each word. */
  rank(): Int32Array {
    if (!this.ranks) {
      const order = this.words.map((_, i) => i).sort((a, b) => (this.word(a) < this.word(b) ? -1 : 1));
      const ranks = new Int32Array(order.length);
      order.forEach((id, at) => {
        ranks[id] = at;
      });
      this.ranks = ranks;
    }
    return this.ranks;
  }
}

/** The worse, the lower: what somebody on call wants on top. */
export function severity(sync: string, health: string, flags: number): number {
  if (health === "Degraded" || flags & Flag.failed) return 0;
  if (health === "Missing" || flags & Flag.rolledBack) return 1;
  if (flags & (Flag.held | Flag.driftOpen)) return 2;
  if (sync === "OutOfSync") return 3;
  if (sync === "Unknown" || health === "Unknown") return 4;
  if (flags & Flag.paused || health === "Suspended") return 5;
  if (health === "Progressing" || flags & Flag.running) return 6;
  return 7;
}

export const flagOf: Record<string, number> = {
  auto: Flag.auto,
  selfheal: Flag.selfHeal,
  held: Flag.held,
  paused: Flag.paused,
  running: Flag.running,
  failed: Flag.failed,
  drifted: Flag.driftOpen,
  rolledback: Flag.rolledBack,
  deleting: Flag.deleting,
};
/** The words of `is:` that the rail counts, worst first. */
export const countedFlags = ["failed", "rolledback", "held", "drifted", "paused", "running", "deleting"];
