// What the pages of one application show, made from its row.
import { Flag, iso, M, sha, system, V } from "./fleet.mjs";

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

export const commit = (a, id = a.rev, message = a.subject, at = Date.now() - 9 * day) => ({
  id,
  author: a.author,
  date: iso(at),
  message,
  signed: "good",
});
const previous = (a) => ({ id: `1a2b3c4${sha(`${a.name}prev`).slice(7)}`, author: "bob", date: iso(Date.now() - 9 * day), message: "probes and limits", signed: "good" });
const next = (a) => ({ id: `9f8e7d6${sha(`${a.name}next`).slice(7)}`, author: a.author, date: iso(Date.now() - 25 * minute), message: "shop v2", signed: "none" });

const can = (a) => ({
  sync: (a.flags & Flag.maySync) !== 0,
  rollback: (a.flags & Flag.maySync) !== 0,
  override: false,
  update: (a.flags & Flag.maySync) !== 0,
  delete: false,
  action: true,
  logs: true,
});
export { can };

const service = (a) => a.path.split("/").at(-1);
const ref = (a, group, kind, name) => ({ group, kind, namespace: a.destNs, name, version: group === "" ? "v1" : "apps/v1" });

export function overview(a) {
  const held = (a.flags & Flag.held) !== 0;
  return {
    uid: a.uid, ns: a.ns, name: a.name, project: a.project, cluster: a.cluster, server: `https://${a.cluster}.k8s.corp.example:6443`,
    destNs: a.destNs, labels: a.labels,
    state: { sync: a.sync, health: a.health, since: iso(a.since), cause: a.cause, next: a.next },
    revision: held ? previous(a) : commit(a),
    wants: held ? next(a) : commit(a),
    sources: [{ repo: a.repo, path: a.path, chart: "", targetRevision: "main", revision: a.rev }],
    auto: { enabled: (a.flags & Flag.auto) !== 0, prune: true, selfHeal: (a.flags & Flag.selfHeal) !== 0 },
    ...(a.flags & Flag.paused ? { paused: { by: V("eve", "dashboard"), reason: "reindexing", until: iso(Date.now() + 2 * day) } } : {}),
    holds: held ? [{ revision: next(a).id, by: system("health gate"), reason: "Deployment/web: 1 of 3 Pods failing: ImagePullBackOff web:broken", at: iso(a.since) }] : [],
    ...(a.flags & Flag.running
      ? { operation: { phase: "Running", message: "", startedAt: iso(Date.now() - 40_000), by: system("automatic sync"), revision: a.rev, wave: 1, done: 4, total: 9, waitingFor: `Deployment/${service(a)}: 2 of 3 Pods are updated` } }
      : {}),
    conditions: a.sync === "Unknown" ? [{ type: "ComparisonError", message: a.cause, since: iso(a.since) }] : [],
    counts: { resources: a.resources, outOfSync: a.sync === "OutOfSync" ? 1 : 0, degraded: a.health === "Degraded" ? 1 : 0, missing: 0, orphaned: 0 },
    windows: a.project === "payments" ? [{ text: "deny Fri 16:00 to Mon 06:00", active: false }] : [],
    can: can(a),
    links: [{ title: "Runbook", url: "https://runbooks.corp.example/" + a.name }],
  };
}

/** The tree drawn left to right; folds are made as the contract has them. */
export function tree(a, all) {
  const s = service(a);
  const bad = a.health === "Degraded";
  const nodes = [];
  const add = (id, parent, kind, name, more = {}) =>
    nodes.push({
      id, ...(parent ? { parent } : {}), ref: ref(a, { Deployment: "apps", ReplicaSet: "apps", Ingress: "networking.k8s.io" }[kind] ?? "", kind, name),
      wave: 0, sync: "Synced", health: "Healthy", message: "", images: [], drift: 0, x: 0, y: 0, ...more,
    });
  const differs = a.sync === "OutOfSync" ? { sync: "OutOfSync" } : {};
  add("d", "", "Deployment", s, { ...differs, health: bad ? "Degraded" : "Healthy", ready: bad ? "2/3" : "3/3", message: bad ? a.cause : "", drift: a.drift, images: [`registry.corp.example/${a.name}:4.13`] });
  add("rs", "d", "ReplicaSet", `${s}-7c9d4b6f8`, { sync: "", health: bad ? "Degraded" : "Healthy", ready: bad ? "2/3" : "3/3", pods: bad ? { ok: 2, bad: 1, pending: 0 } : { ok: 3, bad: 0, pending: 0 } });
  for (let i = 0; i < 3; i++)
    add(`p${i}`, "rs", "Pod", `${s}-7c9d4b6f8-${sha(a.name + i).slice(0, 5)}`, {
      sync: "",
      health: bad && i === 0 ? "Degraded" : "Healthy",
      ready: bad && i === 0 ? "0/1" : "1/1",
      message: bad && i === 0 ? "ImagePullBackOff: Back-off pulling image" : "",
      images: [`registry.corp.example/${a.name}:4.13`],
    });
  add("svc", "", "Service", s);
  add("ep", "svc", "EndpointSlice", `${s}-x7k2p`, { sync: "" });
  add("ing", "", "Ingress", s);
  add("job", "", "Job", "migrate", { hook: "PreSync", wave: -1, sync: "", health: a.cause.includes("Job/migrate") ? "Degraded" : "Healthy", message: a.cause.includes("Job/migrate") ? a.cause : "" });
  const rest = Math.max(0, a.resources - 5);
  if (all) for (let i = 0; i < rest; i++) add(`c${i}`, "", ["ConfigMap", "Secret", "ServiceAccount", "Role", "PodDisruptionBudget"][i % 5], `${s}-${i}`);
  else if (rest) add("fold", "", "ConfigMap", "", { folded: rest });
  const kids = new Map();
  for (const n of nodes) kids.set(n.parent ?? "", [...(kids.get(n.parent ?? "") ?? []), n]);
  let line = 0;
  let depthMax = 0;
  const place = (n, depth) => {
    depthMax = Math.max(depthMax, depth);
    const mine = kids.get(n.id) ?? [];
    n.x = depth * 288;
    if (!mine.length) n.y = line++ * 56;
    else {
      for (const k of mine) place(k, depth + 1);
      n.y = (mine[0].y + mine.at(-1).y) / 2;
    }
  };
  for (const n of kids.get("") ?? []) place(n, 0);
  return { nodes, width: depthMax * 288 + 240, height: line * 56, total: a.resources, drawn: nodes.length };
}

const yaml = (a, replicas, image) => `apiVersion: apps/v1
kind: Deployment
metadata:
  name: ${service(a)}
  namespace: ${a.destNs}
  labels:
    app: ${a.name}
spec:
  revisionHistoryLimit: 5
  replicas: ${replicas}
  selector:
    matchLabels:
      app: ${a.name}
  template:
    metadata:
      labels:
        app: ${a.name}
    spec:
      containers:
        - name: ${service(a)}
          image: ${image}
          ports:
            - containerPort: 8080
          resources:
            requests:
              cpu: 100m
              memory: 128Mi
`;

const gitLine = (a, line, what) => ({ repo: a.repo, file: `${a.path}/deploy.yaml`, line, commit: a.rev, author: a.author, date: iso(Date.now() - 9 * day), message: a.subject, what });

export function diff(a, from, to) {
  const image = `registry.corp.example/${a.name}`;
  const objects = [];
  const held = (a.flags & Flag.held) !== 0;
  const other = from !== "live" || to !== "git";
  if (other || held || a.health === "Degraded")
    objects.push({
      ref: ref(a, "apps", "Deployment", service(a)), verdict: "changed",
      fields: [{ path: "spec.template.spec.containers[0].image", left: `${image}:4.12.1`, right: `${image}:${held ? "broken" : "4.13"}`, owner: { ...system("apply"), at: iso(a.since) }, line: gitLine(a, 24, "set") }],
      ignored: [], leftText: yaml(a, 3, `${image}:4.12.1`), rightText: yaml(a, 3, `${image}:${held ? "broken" : "4.13"}`),
    });
  else if (a.sync === "OutOfSync")
    objects.push({
      ref: ref(a, "apps", "Deployment", service(a)), verdict: "changed",
      fields: [{ path: "spec.replicas", left: 9, right: 3, owner: { ...V("alice", "kubectl scale"), at: iso(a.since) }, line: gitLine(a, 11, "set") }],
      ignored: [
        { path: "metadata.annotations.deployment.kubernetes.io/revision", rule: "built in" },
        { path: "spec.template.spec.containers[0].resources", rule: "ignoreDifferences[0]" },
      ],
      leftText: yaml(a, 9, `${image}:4.12.1`), rightText: yaml(a, 3, `${image}:4.12.1`),
    });
  if (other)
    objects.push(
      { ref: ref(a, "", "ConfigMap", `${service(a)}-flags`), verdict: "missing", fields: [], ignored: [], leftText: "", rightText: "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: flags\ndata:\n  new-path: \"true\"\n" },
      { ref: ref(a, "", "Secret", "token"), verdict: "changed", fields: [{ path: "data.password", left: "++++++++", right: "++++++++++", masked: true, line: gitLine(a, 3, "set") }], ignored: [], leftText: "", rightText: "" },
    );
  return { from: from === "live" ? null : previous(a), to: commit(a), objects, hiddenSame: Math.max(0, a.resources - objects.length) };
}

export function plan(a, prune) {
  const missing = a.name === "cart";
  const extra = a.name === "pay-api" ? [{ ref: ref(a, "", "ConfigMap", `${service(a)}-flags`), fields: ["data.new-path"] }] : [];
  const gone = prune ? [ref(a, "", "ConfigMap", `${service(a)}-old`), ref(a, "", "ServiceAccount", "legacy")] : [];
  const all = prune && a.name === "search-index";
  return {
    revision: commit(a),
    create: missing ? [ref(a, "", "ConfigMap", `${service(a)}-flags`)] : [],
    change: a.sync === "OutOfSync" ? [{ ref: ref(a, "apps", "Deployment", service(a)), fields: ["spec.replicas"] }, ...extra] : [],
    delete: gone,
    unchanged: a.resources - 1,
    waves: [{ wave: 0, phase: "Sync", count: a.resources - 2 }, { wave: 1, phase: "Sync", count: 2 }],
    hooks: [ref(a, "batch", "Job", "migrate")],
    warnings: a.flags & Flag.held ? ["9f8e7d6 is held: a sync to it lifts the hold."] : [],
    ...(a.name === "ledger-db" ? { blocked: { why: "sync window “freeze” of project ledger denies syncs until Mon 06:00 UTC", overridable: true } } : {}),
    friction: all || (prune && a.project === "payments") ? "type" : gone.length ? "confirm" : "none",
    digest: sha(`plan${a.name}${prune}`),
  };
}

export function timeline(a, now) {
  const app = { ns: a.ns, name: a.name };
  const e = (ago, kind, actor, title, detail, severity = "info", revision) => ({
    at: iso(now - ago), kind, app, actor, title, detail, severity, id: `${a.name}-${kind}-${ago}`, ...(revision ? { revision } : {}),
  });
  const out = [];
  if (a.flags & Flag.held)
    out.push(
      e(now - a.since, "rollback", system("health gate"), "rolled back to 1a2b3c4", "Healthy in 1.2 s", "bad", previous(a).id),
      e(now - a.since + 2000, "held", system("health gate"), "held 9f8e7d6", "ImagePullBackOff web:broken", "warn", next(a).id),
      e(now - a.since + 5 * minute, "sync", { name: "bob", via: "git push", grade: "-" }, "deployed", "failed its health gate", "bad", next(a).id),
    );
  if (a.drift > 0)
    for (let i = 0; i < Math.min(a.drift, 4); i++)
      out.push(
        e(now - a.since + i * 17 * minute, "drift", V("alice", "kubectl scale"), "spec.replicas 3 → 9", `Deployment/${service(a)}`, "warn"),
        ...(a.flags & Flag.driftOpen ? [] : [e(now - a.since + i * 17 * minute - 800, "heal", system("self-heal"), "spec.replicas 9 → 3", "0.8 s", "good")]),
      );
  if (a.health === "Degraded") out.push(e(now - a.since, "health", system("health"), "Degraded", a.cause, "bad"));
  out.push(
    e(5 * hour, "sync", { name: a.author, via: "git push", grade: "-" }, "deployed", a.subject, "good", a.rev),
    e(5 * hour + 60_000, "commit", { name: a.author, via: "git", grade: "-" }, "committed", a.subject, "info", a.rev),
    e(28 * hour, "settings", V("eve", "dashboard"), "self-heal switched on", "spec.syncPolicy.automated.selfHeal false → true"),
    e(9 * day, "sync", system("first sync"), "deployed", "probes and limits", "good", previous(a).id),
  );
  return out.sort((x, y) => (x.at < y.at ? 1 : -1));
}

export function attempts(a) {
  const held = (a.flags & Flag.held) !== 0;
  const at = (ago, ms) => ({ startedAt: iso(Date.now() - ago), finishedAt: iso(Date.now() - ago + ms) });
  const out = [];
  if (held)
    out.push(
      { id: 49, revision: previous(a), ...at(20 * minute, 1200), phase: "Succeeded", message: "", by: system("health gate"), automated: true, reason: "9f8e7d6 failed its health gate", resources: a.resources, isCurrent: true, canRollBack: false },
      { id: 48, revision: next(a), ...at(25 * minute, 300_000), phase: "Failed", message: "Deployment/web: 1 of 3 Pods failing: ImagePullBackOff web:broken", by: { name: a.author, via: "git push", grade: "-" }, automated: true, reason: "", resources: a.resources, isCurrent: false, canRollBack: false },
    );
  else out.push({ id: 48, revision: commit(a), ...at(5 * hour, 4200), phase: a.flags & Flag.failed ? "Failed" : "Succeeded", message: a.flags & Flag.failed ? a.cause : "", by: { name: a.author, via: "git push", grade: "-" }, automated: true, reason: "", resources: a.resources, isCurrent: true, canRollBack: false });
  out.push(
    { id: 47, revision: previous(a), ...at(9 * day, 3100), phase: "Succeeded", message: "", by: V("alice", "dashboard"), automated: false, reason: "incident 4711", resources: a.resources, isCurrent: false, canRollBack: true },
    { id: 46, revision: { ...previous(a), id: sha(`${a.name}first`), message: "first version" }, ...at(40 * day, 8800), phase: "Succeeded", message: "", by: system("first sync"), automated: true, reason: "", resources: a.resources, isCurrent: false, canRollBack: true },
  );
  return out;
}

export function rendered(a) {
  const text = yaml(a, 3, `registry.corp.example/${a.name}:4.13`);
  const lines = [];
  const stack = [];
  text.split("\n").forEach((l, i) => {
    const m = /^(\s*)(- )?([\w.]+):/.exec(l);
    if (!m) return;
    const indent = m[1].length + (m[2] ? 2 : 0);
    while (stack.length && stack.at(-1).indent >= indent) stack.pop();
    const name = m[2] ? `0/${m[3]}` : m[3];
    stack.push({ indent, name });
    lines.push({ pointer: `/${stack.map((s) => s.name).join("/")}`, line: i + 1 });
  });
  const svc = `apiVersion: v1\nkind: Service\nmetadata:\n  name: ${service(a)}\nspec:\n  ports:\n    - port: 80\n`;
  return {
    objects: [
      { ref: ref(a, "apps", "Deployment", service(a)), text, lines, origin: gitLine(a, 1, "object") },
      { ref: ref(a, "", "Service", service(a)), text: svc, lines: [{ pointer: "/spec/ports/0/port", line: 7 }], origin: gitLine(a, 40, "object") },
    ],
    inputs: [{ file: `${a.path}/kustomization.yaml`, changed: false }, { file: `${a.path}/deploy.yaml`, changed: true }, { file: "base/service.yaml", changed: false }],
    grade: "exact",
  };
}

export function explain(a, pointer) {
  return {
    value: pointer.endsWith("replicas") ? 3 : pointer.split("/").at(-1),
    steps: [
      { ...gitLine(a, 8, "base sets 1"), file: "base/deploy.yaml" },
      { ...gitLine(a, 11, "the overlay's patch sets 3") },
    ],
    owner: { ...system("apply"), at: iso(a.since) },
  };
}

export function driftEvents(apps, now, count) {
  const subjects = apps.filter((a) => a.drift > 0);
  const list = subjects.length ? subjects : apps;
  const out = [];
  const kinds = [
    [V("alice", "kubectl scale"), "spec.replicas", 3, 9, "healed", 800, ""],
    [M("kube-controller-manager", "/scale"), "spec.replicas", 3, 5, "kept", undefined, "ignored for the autoscaler by rule “hpa”"],
    [M("helm", "helm upgrade"), "spec.template.spec.containers[0].image", "agent:1.4", "agent:1.5", "open", undefined, "self-heal is off"],
    [V("bob", "kubectl edit"), "data.Corefile", ".:53 { errors }", ".:53 { errors log }", "healed", 640, ""],
    [{ name: "ci-deployer", via: "kubectl apply", grade: "A" }, "metadata.labels.release", "stable", "canary", "ignored", undefined, "ignoreDifferences[1]"],
    [V("eve", "kubectl patch"), "spec.template.spec.containers[0].resources.limits.memory", "256Mi", "512Mi", "adopted", undefined, "taken into Git with 7d1e0c2"],
  ];
  for (let i = 0; i < count; i++) {
    const a = i === 0 ? (apps.find((x) => x.name === "web") ?? list[0]) : list[(i * 7) % list.length];
    const [actor, path, git, live, action, tookMs, note] = i === 0 ? [V("alice", "kubectl scale"), "spec.replicas", 3, 9, "open", undefined, "self-heal is off"] : kinds[i % kinds.length];
    const s = service(a);
    out.push({
      id: `d-${count - i + 50}`, at: iso(now - (i === 0 ? 3 * minute : i * i * 4.1 * minute + 7 * minute)), actor, cluster: a.cluster, app: { ns: a.ns, name: a.name },
      ref: path.startsWith("data") ? ref(a, "", "ConfigMap", "coredns") : ref(a, "apps", "Deployment", s),
      fields: [{ path, git, live }], action, ...(tookMs === undefined ? {} : { tookMs }), note,
    });
  }
  return out;
}

export function rollouts(apps, now) {
  const out = [];
  const stage = (name, state, detail = "", tookMs) => ({ name, state, detail, ...(tookMs === undefined ? {} : { tookMs }) });
  const one = (a, phase, stages, why, more = {}) => out.push({ app: { ns: a.ns, name: a.name }, project: a.project, cluster: a.cluster, revision: next(a), previous: previous(a), phase, stages, why, can: can(a), ...more });
  for (const a of apps) {
    if (a.flags & Flag.rolledBack)
      one(a, "rolledBack", [stage("fetch", "ok", "", 300), stage("render", "ok", "", 12), stage("plan", "ok", "+0 ~1 −0", 4), stage("wave 0", "ok", "", 900), stage("gate", "bad", "1 of 3 ready, ImagePullBackOff", 300_000), stage("roll back", "ok", "to 1a2b3c4", 1200)], "Pod web-7c9-x: image web:broken not found");
    else if (a.flags & Flag.running && out.length < 12)
      one(a, out.length % 2 ? "gate" : "rolling", [stage("fetch", "ok", "", 280), stage("render", "ok", "", 9), stage("plan", "ok", "+1 ~2 −0", 3), stage("wave 0", "ok", "", 2100), stage("wave 1", "run", a.cause), stage("gate", "wait")], "", { until: iso(now + 4 * minute) });
    else if (a.name === "ledger-db")
      one(a, "failed", [stage("fetch", "ok", "", 310), stage("render", "ok", "", 11), stage("plan", "ok", "+0 ~3 −0", 4), stage("PreSync", "bad", "Job/migrate failed", 62_000), stage("wave 0", "wait")], a.cause);
  }
  return out;
}
