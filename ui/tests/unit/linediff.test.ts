import { expect, test } from "vitest";
import { lineDiff } from "../../src/lib/linediff";

const text = (left: string, right: string): string =>
  lineDiff(left, right)
    .map((o) => ({ same: " ", del: "-", add: "+" })[o.kind] + o.text)
    .join("\n");

test("keeps what is common", () => {
  expect(text("a\nb\nc\n", "a\nx\nc\n")).toBe(" a\n-b\n+x\n c");
  expect(text("a\nb\n", "a\nb\n")).toBe(" a\n b");
  expect(text("", "a\nb\n")).toBe("+a\n+b");
  expect(text("a\nb", "")).toBe("-a\n-b");
  expect(text("a\nb\nc\na\nb\nb\na", "c\nb\na\nb\na\nc")).toContain(" b\n");
});

test("both sides can be put together again from the difference", () => {
  let seed = 5;
  const rnd = (n: number): number => {
    seed = (seed * 1103515245 + 12345) & 0x7fffffff;
    return seed % n;
  };
  for (let round = 0; round < 200; round++) {
    const left = Array.from({ length: rnd(30) }, () => "abcde"[rnd(5)]);
    const right = Array.from({ length: rnd(30) }, () => "abcde"[rnd(5)]);
    const ops = lineDiff(left.join("\n"), right.join("\n"));
    expect(ops.filter((o) => o.kind !== "add").map((o) => o.text)).toEqual(left);
    expect(ops.filter((o) => o.kind !== "del").map((o) => o.text)).toEqual(right);
    ops.filter((o) => o.kind !== "add").forEach((o, i) => expect(o.left).toBe(i + 1));
    ops.filter((o) => o.kind !== "del").forEach((o, i) => expect(o.right).toBe(i + 1));
  }
});

test("texts that have nothing in common stay bounded", () => {
  const left = Array.from({ length: 5000 }, (_, i) => `l${i}`).join("\n");
  const right = Array.from({ length: 5000 }, (_, i) => `r${i}`).join("\n");
  expect(lineDiff(left, right)).toHaveLength(10_000);
});
