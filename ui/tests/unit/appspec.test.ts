import { expect, test } from "vitest";
import { addSource, automation, missing, removeSource, setAutomation, setOption } from "../../src/lib/appspec";
import { at, put, putText } from "../../src/lib/edit";
import type { Json } from "../../src/wire";

const app: Json = {
  metadata: { name: "web" },
  spec: {
    source: { repoURL: "r", path: "p", kustomize: { images: ["a=b"] } },
    destination: { server: "s", namespace: "n" },
    syncPolicy: { automated: { prune: true, allowEmpty: true }, retry: { limit: 3 } },
  },
};

test("a change keeps what the forms don't know, and the original", () => {
  const next = put(app, ["spec", "source", "path"], "q");
  expect(at(next, ["spec", "source", "kustomize"])).toEqual({ images: ["a=b"] });
  expect(at(app, ["spec", "source", "path"])).toBe("p");
  expect(at(putText(next, ["spec", "source", "path"], ""), ["spec", "source"])).toEqual({ repoURL: "r", kustomize: { images: ["a=b"] } });
});

test("items of a list are changed and taken out by their place", () => {
  expect(put(["a", "b", "c"], [1], undefined)).toEqual(["a", "c"]);
  expect(put({ l: [{ x: 1 }, { x: 2 }] }, ["l", 1, "x"], 3)).toEqual({ l: [{ x: 1 }, { x: 3 }] });
});

test("automation keeps its other switches, and goes without a trace", () => {
  expect(automation(app)).toEqual({ on: true, prune: true, selfHeal: false });
  const heals = setAutomation(app, { on: true, prune: false, selfHeal: true });
  expect(at(heals, ["spec", "syncPolicy", "automated"])).toEqual({ allowEmpty: true, selfHeal: true });
  expect(at(setAutomation(app, { on: false, prune: false, selfHeal: false }), ["spec", "syncPolicy"])).toEqual({ retry: { limit: 3 } });
  expect(automation({ spec: { syncPolicy: { automated: { enabled: false } } } }).on).toBe(false);
});

test("an option replaces its opposite, and an empty policy isn't written", () => {
  const off: Json = { spec: { syncPolicy: { syncOptions: ["CreateNamespace=false", "Validate=false"] } } };
  expect(at(setOption(off, "CreateNamespace=true", true), ["spec", "syncPolicy", "syncOptions"])).toEqual(["Validate=false", "CreateNamespace=true"]);
  expect(at(setOption({ spec: { syncPolicy: { syncOptions: ["PruneLast=true"] } } }, "PruneLast=true", false), ["spec"])).toEqual({});
});

test("one source becomes a list and one again", () => {
  const two = addSource(app);
  expect(at(two, ["spec", "source"])).toBeUndefined();
  expect(at(two, ["spec", "sources"])).toHaveLength(2);
  const one = removeSource(two, 1);
  expect(at(one, ["spec", "source", "repoURL"])).toBe("r");
  expect(at(one, ["spec", "sources"])).toBeUndefined();
});

test("what is missing is named", () => {
  expect(missing(app)).toEqual([]);
  expect(missing({ metadata: { name: "Web" }, spec: { source: { chart: "c", repoURL: "r" } } })).toEqual(["nameForm", "version", "destination", "namespace"]);
});
