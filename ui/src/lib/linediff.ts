// The difference of two texts by lines (Myers), bounded: what is too different is shown as one block.
export type Op = { kind: "same" | "del" | "add"; text: string; left: number; right: number };

/** Above this many differing lines the middle is one removal and one addition. */
const editsMax = 1200;

export function lineDiff(left: string, right: string): Op[] {
  const a = left === "" ? [] : left.replace(/\n$/, "").split("\n");
  const b = right === "" ? [] : right.replace(/\n$/, "").split("\n");
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  const out: Op[] = [];
  for (let i = 0; i < head; i++) out.push({ kind: "same", text: a[i] ?? "", left: i + 1, right: i + 1 });
  const x = a.slice(head, a.length - tail);
  const y = b.slice(head, b.length - tail);
  for (const op of middle(x, y)) out.push({ ...op, left: op.left + head, right: op.right + head });
  for (let i = 0; i < tail; i++) {
    const l = a.length - tail + i;
    const r = b.length - tail + i;
    out.push({ kind: "same", text: a[l] ?? "", left: l + 1, right: r + 1 });
  }
  return out;
}

function whole(x: string[], y: string[]): Op[] {
  return [
    ...x.map((text, i): Op => ({ kind: "del", text, left: i + 1, right: 0 })),
    ...y.map((text, i): Op => ({ kind: "add", text, left: x.length, right: i + 1 })),
  ];
}

function middle(x: string[], y: string[]): Op[] {
  const n = x.length;
  const m = y.length;
  if (!n || !m) return whole(x, y);
  const max = Math.min(n + m, editsMax);
  const v = new Int32Array(2 * max + 2);
  const trace: Int32Array[] = [];
  const at = (k: number): number => v[max + k] ?? 0;
  for (let d = 0; d <= max; d++) {
    trace.push(v.slice());
    for (let k = -d; k <= d; k += 2) {
      let i = k === -d || (k !== d && at(k - 1) < at(k + 1)) ? at(k + 1) : at(k - 1) + 1;
      let j = i - k;
      while (i < n && j < m && x[i] === y[j]) {
        i++;
        j++;
      }
      v[max + k] = i;
      if (i >= n && j >= m) return walk(x, y, trace, max);
    }
  }
  return whole(x, y);
}

function walk(x: string[], y: string[], trace: Int32Array[], max: number): Op[] {
  const out: Op[] = [];
  let i = x.length;
  let j = y.length;
  for (let d = trace.length - 1; d >= 0; d--) {
    const v = trace[d] as Int32Array;
    const at = (k: number): number => v[max + k] ?? 0;
    const k = i - j;
    const from = k === -d || (k !== d && at(k - 1) < at(k + 1)) ? k + 1 : k - 1;
    const fi = at(from);
    const fj = fi - from;
    while (i > fi && j > fj && i > 0 && j > 0) {
      out.push({ kind: "same", text: x[i - 1] ?? "", left: i, right: j });
      i--;
      j--;
    }
    if (d === 0) break;
    if (i === fi) {
      out.push({ kind: "add", text: y[j - 1] ?? "", left: i, right: j });
      j--;
    } else {
      out.push({ kind: "del", text: x[i - 1] ?? "", left: i, right: j });
      i--;
    }
  }
  return out.reverse();
}
