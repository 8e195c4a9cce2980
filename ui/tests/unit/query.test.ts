import { expect, test } from "vitest";
import { appColumns, glob, isOn, matches, parse, seconds, split, toggle, type Subject } from "../../src/lib/query";

const row: Record<string, string> = { name: "pay-api", cluster: "prod-eu-1", health: "degraded", sync: "outofsync", project: "payments" };
const subject: Subject = {
  text: (k) => row[k] ?? "",
  number: (k) => ({ drift: 3, resources: 12, since: 360 })[k] ?? 0,
  is: (w) => w === "held",
  labels: () => "team=payments,tier=1",
  haystack: () => "pay-api\npayments\nprod-eu-1\nimagepullbackoff: image not found",
};
const hit = (q: string): boolean => matches(parse(q, appColumns), appColumns, subject);

test("every term must hold", () => {
  expect(hit("")).toBe(true);
  expect(hit("cluster:prod-* health:degraded")).toBe(true);
  expect(hit("cluster:prod-* health:healthy")).toBe(false);
});

test("a value may be one of several, or none of some", () => {
  expect(hit("health:missing,degraded")).toBe(true);
  expect(hit("health:!healthy")).toBe(true);
  expect(hit("health:!healthy,!degraded")).toBe(false);
  expect(hit("-health:degraded")).toBe(false);
  expect(hit("health:degraded,!missing")).toBe(true);
});

test("numbers and ages compare", () => {
  expect(hit("drift:>2")).toBe(true);
  expect(hit("drift:>3")).toBe(false);
  expect(hit("drift:>=3 resources:12")).toBe(true);
  expect(hit("since:<10m")).toBe(true);
  expect(hit("since:>1h")).toBe(false);
  expect(seconds("2h")).toBe(7200);
  expect(seconds("soon")).toBeNaN();
});

test("labels by equality and pattern", () => {
  expect(hit("team=payments")).toBe(true);
  expect(hit("team!=payments")).toBe(false);
  expect(hit("-team!=payments")).toBe(true);
  expect(hit("team=pay*")).toBe(true);
  expect(hit("tier=2")).toBe(false);
  expect(hit("absent!=x")).toBe(true);
});

test("text is searched anywhere; quotes keep words together", () => {
  expect(hit("imagepull")).toBe(true);
  expect(hit("-imagepull")).toBe(false);
  expect(hit('"image not found"')).toBe(true);
  expect(hit('"image not  found"')).toBe(false);
  expect(hit("IMAGE found")).toBe(true);
  expect(hit("is:held")).toBe(true);
  expect(hit("is:!held")).toBe(false);
});

test("what is half typed or wrong never hides everything", () => {
  expect(hit("health:")).toBe(true);
  expect(hit("drift:>")).toBe(true);
  expect(hit("drift:>x")).toBe(true);
  expect(parse("drift:>x", appColumns).problems).toHaveLength(1);
  const unknown = parse("helth:healthy", appColumns);
  expect(unknown.problems[0]).toMatchObject({ what: "key", hint: "health" });
  expect(unknown.terms[0]).toMatchObject({ kind: "text", text: "helth:healthy" });
  expect(parse("https://git.example/x", appColumns).problems).toHaveLength(0);
});

test("globs match whole values and hostile ones end", () => {
  expect(glob("prod-*", "prod-eu-1")).toBe(true);
  expect(glob("prod", "prod-eu-1")).toBe(false);
  expect(glob("p?od-*-1", "prod-eu-1")).toBe(true);
  expect(glob("a.c", "abc")).toBe(false);
  expect(glob("********x", "a".repeat(2000))).toBe(false);
});

test("words split outside quotes", () => {
  expect(split('a  "b c" d:"e f",g')).toEqual(["a", '"b c"', 'd:"e f",g']);
  expect(split('"open')).toEqual(['"open']);
});

test("a facet's click toggles one value and leaves the rest as written", () => {
  expect(toggle("", "health", "Degraded")).toBe("health:degraded");
  expect(toggle("health:degraded text", "health", "Missing")).toBe("health:degraded,missing text");
  expect(toggle("health:degraded,missing text", "health", "Degraded")).toBe("health:missing text");
  expect(toggle("health:missing text", "health", "Missing")).toBe("text");
  expect(toggle("", "cluster", "in cluster")).toBe('cluster:"in cluster"');
  expect(toggle('cluster:"in cluster"', "cluster", "in cluster")).toBe("");
  expect(isOn(parse("health:degraded,missing", appColumns), "health", "Missing")).toBe(true);
  expect(isOn(parse("health:!degraded", appColumns), "health", "Degraded")).toBe(false);
});
