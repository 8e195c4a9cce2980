import { expect, test } from "vitest";
import { ignoreRule, steps } from "../../src/lib/ignore";

const ref = { group: "apps", kind: "Deployment", namespace: "shop", name: "web" };
const last = (path: string): string => ignoreRule(ref, path).split("\n").slice(-2).join(" ").trim();

test("a plain field is a pointer", () => {
  expect(ignoreRule(ref, "spec.replicas")).toBe(`ignoreDifferences:
- group: apps
  kind: Deployment
  name: web
  namespace: shop
  jsonPointers:
  - /spec/replicas`);
  expect(last("/metadata/labels/app.kubernetes.io~1name")).toBe("jsonPointers:   - /metadata/labels/app.kubernetes.io~1name");
  expect(last('metadata.labels["app.kubernetes.io/name"]')).toBe("jsonPointers:   - /metadata/labels/app.kubernetes.io~1name");
  expect(last("spec.containers[0].image")).toBe("jsonPointers:   - /spec/containers/0/image");
});

test("an item that is meant by its key is jq", () => {
  expect(last('spec.template.spec.containers[name="web"].image')).toBe(
    'jqPathExpressions:   - .spec.template.spec.containers[] | select(.name == "web") | .image',
  );
  expect(last('spec.containers[name="a"].ports[containerPort=80].name')).toBe(
    'jqPathExpressions:   - .spec.containers[] | select(.name == "a") | .ports[] | select(.containerPort == 80) | .name',
  );
  expect(last('spec.ports[port=80,protocol="TCP"].nodePort')).toBe('jqPathExpressions:   - .spec.ports[] | select(.port == 80 and .protocol == "TCP") | .nodePort');
  expect(last('metadata.finalizers[="a/b"]')).toBe('jqPathExpressions:   - .metadata.finalizers[] | select(. == "a/b")');
});

test("steps of a path", () => {
  expect(steps("a.b[2]")).toEqual([{ name: "a" }, { name: "b" }, { index: 2 }]);
  expect(steps("")).toEqual([]);
});
