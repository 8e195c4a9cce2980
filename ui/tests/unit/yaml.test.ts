import { expect, test } from "vitest";
import type { Json } from "../../src/wire";
import { toYaml } from "../../src/lib/yaml";

test("reads like a manifest", () => {
  const v: Json = {
    kind: "Deployment",
    metadata: { name: "web", labels: {}, annotations: { note: "a: b", yes: "no", text: "one\ntwo\n" } },
    spec: { replicas: 3, paused: false, containers: [{ name: "web", ports: [80, 81], args: [] }, { name: "x" }], empty: "", nothing: null },
  };
  expect(toYaml(v).trimStart()).toBe(`kind: Deployment
metadata:
  name: web
  labels: {}
  annotations:
    note: "a: b"
    "yes": "no"
    text: |
      one
      two
spec:
  replicas: 3
  paused: false
  containers:
  - name: web
    ports:
    - 80
    - 81
    args: []
  - name: x
  empty: ""
  nothing: null
`);
});
