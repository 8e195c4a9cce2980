import { expect, test } from "vitest";
import { pseudo } from "../../src/strings/locale";

test("words are longer and accented, queries stay", () => {
  const word = "Applications";
  expect(pseudo(word).length).toBeGreaterThanOrEqual(Math.round(word.length * 1.4));
  expect(pseudo(word)).toMatch(/^\[.*\]$/);
  expect(pseudo("?q=health:!healthy")).toBe("?q=health:!healthy");
  expect(pseudo("s")).toBe("s");
});
