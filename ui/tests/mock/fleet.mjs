// A made-up fleet: N applications from a seed, with a few stories worth telling in front.

/** A small generator, so that a seed is a fleet (mulberry32). */
export function random(seed) {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export const iso = (ms) => new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

export const V = (name, via) => ({ name, via, grade: "V" });
export const M = (name, via) => ({ name, via, grade: "M" });
export const system = (via) => ({ name: "windlass", via, grade: "-" });

const teams = ["payments", "shop", "search", "identity", "ledger", "media", "risk", "logistics", "growth", "platform"];
const services = ["api", "web", "worker", "gateway", "scheduler", "cache", "events", "reports", "admin", "sync", "mailer", "indexer"];
const regions = ["eu", "us", "ap"];
const people = ["alice", "bob", "eve", "mallory", "trent", "peggy"];
const subjects = [
  "raise replicas for the sale",
  "new connection pool",
  "drop the old flag",
  "tracing on by default",
  "image 4.12.1",
  "tighten probes",
  "split the read path",
  "rotate the signing key",
];

export const Flag = { auto: 1, selfHeal: 2, held: 4, paused: 8, running: 16, failed: 32, driftOpen: 64, maySync: 128, rolledBack: 256, deleting: 512 };

export function sha(text) {
  let out = "";
  let h = 2166136261;
  for (let i = 0; out.length < 40; i++) {
    for (const c of `${text}${i}`) h = Math.imul(h ^ c.charCodeAt(0), 16777619);
    out += (h >>> 0).toString(16).padStart(8, "0");
  }
  return out.slice(0, 40);
}

export function makeFleet(count, now, seed = 7) {
  const rnd = random(seed);
  const pick = (list) => list[Math.floor(rnd() * list.length)];
  const clusters = [];
  for (let i = 1; i <= (count > 200 ? 30 : 4); i++) clusters.push(`${i % 5 === 0 ? "stage" : "prod"}-${regions[i % 3]}-${Math.ceil(i / 3)}`);
  const apps = [];
  const used = new Set();
  for (let i = 0; i < count; i++) {
    const team = teams[i % teams.length];
    const service = services[Math.floor(i / teams.length) % services.length];
    const cluster = clusters[Math.floor(rnd() * clusters.length)];
    let name = `${team}-${service}`;
    for (let k = 2; used.has(name); k++) name = `${team}-${service}-${k}`;
    used.add(name);
    const roll = rnd();
    let flags = Flag.maySync | (rnd() < 0.85 ? Flag.auto : 0) | (rnd() < 0.7 ? Flag.selfHeal : 0);
    let health = "Healthy";
    let sync = "Synced";
    let cause = "";
    if (roll < 0.008) {
      health = "Degraded";
      cause = `Deployment/${service}: ${1 + Math.floor(rnd() * 2)} of 3 Pods failing: ${pick(["CrashLoopBackOff", "ImagePullBackOff", "OOMKilled"])}`;
    } else if (roll < 0.03) {
      sync = "OutOfSync";
      cause = `Deployment/${service} spec.replicas is ${4 + Math.floor(rnd() * 5)}, Git says 3`;
    } else if (roll < 0.042) {
      health = "Progressing";
      flags |= Flag.running;
      cause = `Deployment/${service}: 2 of 3 Pods are updated`;
    } else if (roll < 0.045) {
      sync = "Unknown";
      cause = "The repository can't be reached: connection timed out";
    } else if (roll < 0.049) {
      flags = (flags & ~Flag.auto) | Flag.paused;
      health = "Suspended";
      cause = `Automation is paused by ${pick(people)}: migration`;
    }
    const rev = sha(`${team}${Math.floor(i / 40)}`);
    apps.push({
      uid: sha(`uid${name}`).slice(0, 32).replace(/(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-"),
      ns: "windlass",
      name,
      project: team,
      cluster,
      destNs: team,
      repo: `https://git.corp.example/${team}/deploy.git`,
      path: `apps/${service}`,
      sync,
      health,
      rev,
      subject: pick(subjects),
      author: pick(people),
      since: now - Math.floor(rnd() ** 3 * 20 * day + minute),
      cause,
      next: cause ? "See what differs, then sync or change Git." : "",
      drift: rnd() < 0.02 ? 1 + Math.floor(rnd() * 3) : 0,
      flags,
      resources: 6 + Math.floor(rnd() * 40),
      labels: { team, tier: pick(["1", "2", "3"]), env: cluster.split("-")[0] },
      kind: null,
    });
  }
  tell(apps, now);
  return { apps, clusters };
}

/** The stories: what a person on call would meet. */
function tell(apps, now) {
  const set = (i, more) => apps[i] && Object.assign(apps[i], more);
  set(0, {
    name: "pay-api",
    project: "payments",
    cluster: "prod-eu-1",
    health: "Degraded",
    sync: "OutOfSync",
    since: now - 6 * minute,
    cause: "Deployment/api: 1 of 3 Pods failing: ImagePullBackOff, image registry.corp.example/pay-api:4.13 not found",
    next: "Push a fixed image tag, or roll back to 1a2b3c4 (healthy for 9 days).",
    kind: "degraded",
    actor: { name: "bob", via: "git push", grade: "-" },
    drift: 0,
    flags: Flag.maySync | Flag.auto | Flag.selfHeal | Flag.failed,
    subject: "pay-api 4.13",
    author: "bob",
  });
  set(1, {
    name: "cart",
    project: "shop",
    cluster: "prod-eu-1",
    health: "Healthy",
    sync: "OutOfSync",
    since: now - 21 * minute,
    cause: "9f8e7d6 “shop v2” failed its health gate and was rolled back to 1a2b3c4; 9f8e7d6 is held",
    next: "Push a fix, or lift the hold on 9f8e7d6.",
    kind: "rolledBack",
    actor: system("health gate"),
    flags: Flag.maySync | Flag.auto | Flag.selfHeal | Flag.held | Flag.rolledBack,
  });
  set(2, {
    name: "web",
    project: "search",
    cluster: "prod-us-1",
    sync: "OutOfSync",
    since: now - 3 * minute,
    cause: "1 field differs: Deployment/web spec.replicas is 9, Git says 3 (apps/web/deploy.yaml:11 @4f2c1aa)",
    next: "Sync to go back to 3, or change apps/web/deploy.yaml.",
    kind: "drift",
    actor: V("alice", "kubectl scale"),
    drift: 3,
    flags: Flag.maySync | Flag.auto | Flag.driftOpen,
  });
  set(3, {
    name: "ledger-db",
    project: "ledger",
    cluster: "prod-eu-1",
    sync: "OutOfSync",
    since: now - 55 * minute,
    cause: "The PreSync hook Job/migrate failed: relation “accounts” is locked",
    next: "Look at the hook's logs, then sync again.",
    kind: "failed",
    actor: system("automatic sync"),
    flags: Flag.maySync | Flag.auto | Flag.failed,
  });
  set(4, {
    name: "dns",
    project: "platform",
    cluster: "prod-ap-1",
    since: now - 2 * hour,
    cause: "ConfigMap/coredns data.Corefile was changed and healed 14 times in an hour by kube-controller-manager",
    next: "Ignore the field, or take it out of Git.",
    kind: "drift",
    actor: M("kube-controller-manager", "update"),
    drift: 14,
  });
  set(5, {
    name: "search-index",
    project: "search",
    cluster: "prod-us-1",
    since: now - 26 * hour,
    health: "Suspended",
    cause: "Automation is paused by eve until Monday: reindexing",
    next: "Resume when the reindexing is done.",
    kind: "paused",
    actor: V("eve", "dashboard"),
    flags: Flag.maySync | Flag.paused,
  });
}

export function row(a) {
  return {
    uid: a.uid,
    ns: a.ns,
    name: a.name,
    project: a.project,
    cluster: a.cluster,
    destNs: a.destNs,
    repo: a.repo,
    path: a.path,
    sync: a.sync,
    health: a.health,
    rev: a.rev.slice(0, 7),
    since: Math.floor(a.since / 1000),
    cause: a.cause,
    drift: a.drift,
    flags: a.flags,
    resources: a.resources,
    labels: Object.entries(a.labels)
      .map(([k, v]) => `${k}=${v}`)
      .join(","),
  };
}

export function board(apps, seq) {
  const dict = { project: [], cluster: [], namespace: [], repo: [], sync: [], health: [] };
  const maps = Object.fromEntries(Object.keys(dict).map((k) => [k, new Map()]));
  const id = (k, w) => {
    let at = maps[k].get(w);
    if (at === undefined) {
      at = dict[k].length;
      dict[k].push(w);
      maps[k].set(w, at);
    }
    return at;
  };
  const rows = {
    uid: [], ns: [], name: [], project: [], cluster: [], destNs: [], repo: [], path: [], sync: [], health: [],
    rev: [], since: [], cause: [], drift: [], flags: [], resources: [], labels: [],
  };
  for (const a of apps) {
    const r = row(a);
    for (const k of ["uid", "name", "path", "rev", "since", "cause", "drift", "flags", "resources", "labels"]) rows[k].push(r[k]);
    rows.ns.push(id("namespace", r.ns));
    rows.destNs.push(id("namespace", r.destNs));
    for (const k of ["project", "cluster", "repo", "sync", "health"]) rows[k].push(id(k, r[k]));
  }
  return { seq, dict, rows };
}
