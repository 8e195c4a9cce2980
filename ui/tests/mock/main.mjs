// A server that speaks the dashboard's contract with a made-up fleet: for development and for the budgets.
//   node tests/mock/main.mjs [--apps 24] [--deltas 0] [--hot 0] [--port 7099] [--simulated] [--login]
import { createServer } from "node:http";
import { existsSync, readFileSync } from "node:fs";
import { join, normalize } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";
import { attempts, diff, driftEvents, explain, overview, plan, rendered, rollouts, timeline, tree } from "./details.mjs";
import { board, Flag, iso, makeFleet, random, row, sha, system, V } from "./fleet.mjs";

const dist = process.env.UI_DIST ?? new URL("../../dist", import.meta.url).pathname;
const csp =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";
const types = { js: "text/javascript", css: "text/css", svg: "image/svg+xml", html: "text/html; charset=utf-8" };
const ringMax = 5000;

export async function startMock(options = {}) {
  const { apps: count = 24, deltas = 0, hot = 0, port = 0, simulated = true, needLogin = false, seed = 7, now = () => Date.now() } = options;
  const { apps, clusters } = makeFleet(count, now(), seed);
  const find = (ns, name) => apps.find((a) => a.name === name && (!ns || a.ns === ns));
  let seq = 1000;
  let loggedIn = !needLogin;
  const ring = [];
  const clients = new Set();
  const log = [];
  let audit = [];
  let drift = count ? driftEvents(apps, now(), Math.max(38, Math.min(400, count / 10))) : [];
  const csrf = sha("csrf").slice(0, 24);

  const note = (action, actor, a, from, to, message, at = now()) => {
    const e = { seq: audit.length ? audit[0].seq + 1 : 1, at: iso(at), action, actor, app: a ? { ns: a.ns, name: a.name } : { ns: "", name: "" }, from, to, message };
    audit = [e, ...audit];
    return e;
  };
  for (const [i, d] of [...drift].reverse().entries()) {
    const a = find(d.app.ns, d.app.name);
    note("drift", d.actor, a, "", "", `${d.id} ${d.fields[0].path} ${JSON.stringify(d.fields[0].git)} → ${JSON.stringify(d.fields[0].live)}`, Date.parse(d.at));
    if (d.action === "healed") note("heal", system("self-heal"), a, "", "", `${d.id} ${d.fields[0].path} healed`, Date.parse(d.at) + 800);
    if (i % 6 === 0) note("sync", { name: a.author, via: "git push", grade: "-" }, a, `1a2b3c4${sha(a.name).slice(7)}`, a.rev, a.subject, Date.parse(d.at) + 60_000);
  }
  if (count) note("rollback", system("health gate"), find("", "cart"), `9f8e7d6${sha("x").slice(7)}`, `1a2b3c4${sha("y").slice(7)}`, "ImagePullBackOff web:broken", now() - 21 * 60_000);
  if (count) note("refused", V("mallory", "dashboard"), find("", "pay-api"), "", "", "sync: permission denied", now() - 2 * 60_000);
  audit.sort((x, y) => y.seq - x.seq);

  const send = (c, m) => {
    if (!c.topics.some((t) => t === m.topic)) return;
    c.res.write(`id: ${m.seq}\nevent: ${m.event}\ndata: ${m.data}\n\n`);
  };
  const publish = (topic, event, data) => {
    seq++;
    const m = { seq, topic, event, data: JSON.stringify({ seq, ...data }) };
    ring.push(m);
    if (ring.length > ringMax) ring.shift();
    for (const c of clients) send(c, m);
  };
  /** Rows that changed since the last tick, coalesced. */
  let dirty = new Set();
  let gone = [];
  const flush = setInterval(() => {
    if (!dirty.size && !gone.length) return;
    const changed = [...dirty].slice(0, 1000);
    dirty = new Set([...dirty].slice(1000));
    publish("apps", "rows", { changed: changed.map((a) => ({ ...row(a), ...(a.stamp ? { cause: a.stamp } : {}) })), removed: gone });
    for (const a of changed) if (clients.size) publish(`app:${a.ns}/${a.name}`, "app", { ns: a.ns, name: a.name });
    gone = [];
  }, 100);
  const ping = setInterval(() => {
    for (const c of clients) c.res.write(`event: ping\ndata: ${JSON.stringify({ seq, now: new Date().toISOString() })}\n\n`);
  }, options.pingMs ?? 15_000);
  const rnd = random(seed + 1);
  const perTick = deltas / 20;
  /** The first by name: with `hot` a tenth of the changes goes to so many of them, where a list shows them. */
  const byName = [...apps.slice(6)].sort((a, b) => (a.name < b.name ? -1 : 1)).slice(0, hot);
  const churn = deltas
    ? setInterval(() => {
        for (let i = 0; i < perTick; i++) {
          const a = hot && i % 10 === 0 ? byName[Math.floor(rnd() * hot)] : apps[6 + Math.floor(rnd() * (apps.length - 6))];
          if (!a) continue;
          a.since = now();
          const roll = rnd();
          a.health = roll < 0.9 ? "Healthy" : roll < 0.97 ? "Progressing" : "Degraded";
          a.stamp = `seen at ${now()}`;
          dirty.add(a);
        }
      }, 50)
    : undefined;
  const touch = (a) => {
    dirty.add(a);
  };

  const fleet = () => {
    const by = (k) => apps.reduce((m, a) => ((m[a[k]] = (m[a[k]] ?? 0) + 1), m), {});
    const of = (name) => apps.filter((a) => a.cluster === name);
    const names = [...new Set([...clusters, ...apps.map((a) => a.cluster)])];
    const needs = apps
      .filter((a) => a.kind || a.health === "Degraded")
      .slice(0, 50)
      .map((a) => ({
        app: { ns: a.ns, name: a.name, project: a.project, cluster: a.cluster },
        state: { sync: a.sync, health: a.health, since: iso(a.since), cause: a.cause, next: a.next },
        kind: a.kind ?? "degraded",
        ...(a.actor ? { actor: a.actor } : {}),
      }));
    const h = random(3);
    return {
      seq,
      apps: apps.length,
      clusters: names.map((name, i) => ({
        name, server: `https://${name}.k8s.corp.example:6443`, apps: of(name).length, degraded: of(name).filter((a) => a.health === "Degraded").length,
        outOfSync: of(name).filter((a) => a.sync === "OutOfSync").length, drift: of(name).filter((a) => a.drift).length,
        connected: i !== 3, message: i === 3 ? "watch lag 40 s" : "", version: `v1.33.${i % 4}`, cacheAge: i === 3 ? 40 : 0,
      })),
      bySync: by("sync"), byHealth: by("health"), needsYou: needs,
      day: { syncs: 1204, drift: drift.length, rollbacks: 2, failures: 3 },
      hours: Array.from({ length: 24 }, (_, i) => ({ at: iso(now() - (23 - i) * 3600_000), syncs: Math.floor(20 + h() * 90 * Math.sin((i / 24) * 3.1)), drift: Math.floor(h() * 4), rollbacks: i === 9 || i === 23 ? 1 : 0 })),
      activity: [...audit].sort((x, y) => (x.at < y.at ? 1 : -1)).slice(0, 12).map((e) => ({
        at: e.at, kind: e.action, app: e.app, actor: e.actor, title: { drift: "changed outside of Git", heal: "healed", sync: "synced", rollback: "rolled back", refused: "refused" }[e.action] ?? e.action,
        detail: e.message, severity: { drift: "warn", heal: "good", rollback: "bad", refused: "bad" }[e.action] ?? "info", id: String(e.seq),
      })),
    };
  };

  const search = (q) => {
    const hits = apps.filter((a) => `${a.name} ${a.project} ${a.cause}`.includes(q)).slice(0, 6).map((a) => ({ kind: "app", title: a.name, detail: a.cause || a.project, href: `/apps/${a.ns}/${a.name}` }));
    for (const a of apps.slice(0, 30))
      if (`${a.path.split("/").at(-1)}`.includes(q)) hits.push({ kind: "resource", title: `Deployment/${a.path.split("/").at(-1)}`, detail: `${a.name} ${a.cluster}`, href: `/apps/${a.ns}/${a.name}/tree?node=d` });
    return hits.slice(0, 20);
  };

  const saved = new Map();
  const preferences = { favourites: [], views: [], shared: [{ name: "payments, not healthy", search: "?q=project:payments health:!healthy" }] };
  const conflict = [409, { error: "conflict", code: 10, message: "it has been changed since you looked", hint: "look again, and make your change to what is there now" }];

  const lists = {
    clusters: () => ({
      items: fleet().clusters.map((c) => ({
        name: c.name, server: c.server, serverVersion: c.version,
        connectionState: { status: c.connected ? "Successful" : "Failed", message: c.message },
        info: { applicationsCount: c.apps, cacheInfo: { resourcesCount: c.apps * 20, lastCacheSyncTime: iso(now() - 7200_000) } },
      })),
    }),
    projects: () => ({
      items: [...new Set(apps.map((a) => a.project))].map((name) => ({
        metadata: { name, resourceVersion: "7" },
        spec: {
          description: `What team ${name} runs`, sourceRepos: [`https://git.corp.example/${name}/*`], destinations: [{ name: "prod-eu-*", namespace: `${name}*` }, { server: "*", namespace: "shared" }],
          clusterResourceWhitelist: [], roles: [{ name: "deployer", description: "CI", policies: [`p, proj:${name}:deployer, applications, sync, ${name}/*, allow`], groups: [`team-${name}`] }],
          syncWindows: name === "payments" ? [{ kind: "deny", schedule: "0 16 * * 5", duration: "62h", applications: ["*"], manualSync: false, timeZone: "UTC" }] : [],
        },
      })),
    }),
    repositories: () => ({ items: [...new Set(apps.map((a) => a.repo))].slice(0, 12).map((repo) => ({ repo, type: "git", connectionState: { status: "Successful" } })) }),
  };

  const routes = (req, path, q, body) => {
    const at = path.split("/").map(decodeURIComponent);
    if (path === "session/userinfo")
      return loggedIn ? { loggedIn: true, username: "alice", iss: "windlass", groups: ["team-shop"], csrf, expires: iso(now() + 86400_000) } : { loggedIn: false };
    if (path === "settings")
      return { url: "", windlass: { mode: "demo", simulated, version: "0.1.0", login: { local: true, ...(needLogin ? { oidc: { name: "Corp SSO" } } : {}) }, anonymous: false, controlNamespace: "windlass" } };
    if (path === "session" && req.method === "POST") {
      if (body?.password !== "correct") return [401, { error: "Invalid username or password", code: 16, message: "Invalid username or password" }];
      loggedIn = true;
      return { token: "…" };
    }
    if (path === "session" && req.method === "DELETE") {
      loggedIn = false;
      return {};
    }
    if (!loggedIn) return [401, { error: "no session information", code: 16, message: "no session information" }];
    if (req.method !== "GET" && req.headers["x-windlass-csrf"] !== csrf) return [403, { error: "csrf", code: 7, message: "the request didn't come from the dashboard" }];
    if (req.method !== "GET") log.push({ method: req.method, path, q: Object.fromEntries(q), body });
    if (path === "fleet") return fleet();
    if (path === "rollouts") return rollouts(apps, now());
    if (path === "search") return search((q.get("q") ?? "").toLowerCase());
    if (path === "policy")
      return { matchMode: "glob", default: "role:readonly", rules: [{ line: 1, source: "argocd-rbac-cm policy.csv", text: "p, role:deployer, applications, sync, */*, allow" }, { line: 2, source: "argocd-rbac-cm policy.csv", text: "g, team-shop, role:deployer" }] };
    if (path === "can-i") return { allowed: q.get("user") === "alice", rule: "p, role:deployer, applications, sync, */*, allow", source: "policy.csv:1", why: "alice is in team-shop, which has role:deployer." };
    if (path === "account")
      return { items: [{ name: "admin", enabled: true, capabilities: ["login"], tokens: [] }, { name: "ci", enabled: true, capabilities: ["apiKey"], tokens: [{ id: "5f1c2", issuedAt: Math.floor(now() / 1000) - 86400 }] }] };
    if (path.startsWith("account/can-i/")) return { value: at[2] === "projects" && at[4] === "ledger" ? "no" : "yes" };
    if (path === "account/ci/token" || /^projects\/[^/]+\/roles\/[^/]+\/token$/.test(path)) return { token: "made-up-token" };
    if (path.startsWith("account/")) return {};
    if (at[0] === "projects" && req.method !== "GET") {
      const p = body?.project;
      if (req.method === "DELETE") return {};
      if (p?.metadata.resourceVersion !== undefined && p.metadata.resourceVersion !== "7") return conflict;
      saved.set(p.metadata.name, { ...p, metadata: { ...p.metadata, resourceVersion: "7" } });
      return saved.get(p.metadata.name);
    }
    if (at[0] === "projects" && at[2] === "links") return { items: [{ title: "Team page", url: "https://wiki.corp.example/" + at[1] }, { title: "Bad", url: "javascript:alert(1)" }] };
    if (at[0] === "projects" && at[1]) return saved.get(at[1]) ?? lists.projects().items.find((p) => p.metadata.name === at[1]) ?? [403, { error: "permission denied", code: 7, message: "permission denied" }];
    if (path === "preferences") {
      if (req.method === "PUT") Object.assign(preferences, body);
      return { ...preferences, mayShare: true, kept: true };
    }
    if (path === "preview") {
      if (body?.spec?.source?.repoURL?.includes("forbidden"))
        return [400, { error: "invalid", code: 3, message: `application spec for ${body.metadata.name} is invalid: application repo ${body.spec.source.repoURL} is not permitted in project '${body.spec.project}'` }];
      const ref = (group, kind) => ({ group, kind, namespace: body.spec.destination.namespace ?? "", name: body.metadata.name });
      const objects = [ref("apps", "Deployment"), ref("", "Service"), ref("", "ConfigMap")].map((r) => ({ ref: r, text: `kind: ${r.kind}\nmetadata:\n  name: ${r.name}\n`, origin: { repo: "", file: "web.yaml", line: 1, what: "" } }));
      const there = find("", body.metadata.name);
      return {
        revision: { id: sha(body.metadata.name), author: "bob", date: iso(now() - 3600_000), message: "probes and limits" },
        create: there ? [] : objects.map((o) => o.ref), change: there ? [{ ref: objects[0].ref, fields: ["spec.replicas"] }] : [], delete: [], unchanged: there ? 2 : 0,
        waves: [{ wave: 0, phase: "Sync", count: 3 }], hooks: [], warnings: [], friction: "none", digest: "d", objects, total: objects.length,
      };
    }
    if (path === "applications" && req.method === "POST") {
      const a = { ...apps[0], uid: `n${apps.length}`, name: body.metadata.name, project: body.spec.project, sync: "Synced", health: "Healthy", cause: "", next: "", kind: null, flags: 0, since: now() };
      apps.push(a);
      touch(a);
      return body;
    }
    if (lists[path]) return lists[path]();
    if (path === "drift") {
      const has = (k, v) => !q.get(k) || v.toLowerCase().includes(q.get(k).toLowerCase());
      const events = drift.filter(
        (d) => has("actor", d.actor.name) && has("app", d.app.name) && has("cluster", d.cluster) && has("kind", d.ref.kind) && has("field", d.fields[0].path) && (!q.get("action") || d.action === q.get("action")) && (!q.get("since") || d.at >= q.get("since")),
      );
      return { events: events.slice(0, 200), actors: new Set(events.map((e) => e.actor.name)).size, open: events.filter((e) => e.action === "open").length };
    }
    if (path === "audit") {
      const has = (k, v) => !q.get(k) || v.toLowerCase().includes(q.get(k).toLowerCase());
      const before = Number(q.get("before") ?? Infinity);
      const limit = Number(q.get("limit") ?? 100);
      const list = audit.filter((e) => e.seq < before && has("actor", e.actor.name) && has("app", e.app.name) && has("action", e.action));
      return { entries: list.slice(0, limit), ...(list.length > limit ? { next: String(list[limit - 1].seq) } : {}) };
    }
    if (path === "resources") {
      const words = (q.get("q") ?? "").toLowerCase();
      const rows = [];
      let total = 0;
      for (const a of apps) {
        for (const n of tree(a, false).nodes) {
          if (n.folded || !`${n.ref.kind} ${n.ref.name} ${a.name} ${n.images}`.toLowerCase().includes(words)) continue;
          if (q.get("kind") && n.ref.kind.toLowerCase() !== q.get("kind").toLowerCase()) continue;
          if (q.get("health") && n.health.toLowerCase() !== q.get("health").toLowerCase()) continue;
          if (q.get("cluster") && a.cluster !== q.get("cluster")) continue;
          total++;
          if (rows.length < Number(q.get("limit") ?? 500)) rows.push({ app: { ns: a.ns, name: a.name }, ref: n.ref, cluster: a.cluster, sync: n.sync, health: n.health, message: n.message, images: n.images });
        }
      }
      return { rows, total };
    }
    if (at[0] === "applications" && at[1]) {
      const a = find(q.get("appNamespace"), at[1]);
      if (!a) return [403, { error: "permission denied", code: 7, message: "permission denied" }];
      const what = at.slice(2).join("/");
      const write = () => {
        touch(a);
        return {};
      };
      switch (`${req.method} ${what}`) {
        case "GET ":
          return {
            metadata: { name: a.name, namespace: a.ns, resourceVersion: "7", labels: { team: a.project } },
            spec: {
              project: a.project, source: { repoURL: a.repo, path: a.path, targetRevision: "main" }, destination: { server: "https://kubernetes.default.svc", namespace: a.destNs },
              syncPolicy: { automated: { prune: true }, syncOptions: ["CreateNamespace=true"] },
            },
          };
        case "PUT ":
          return body?.metadata?.resourceVersion === "7" && !state.conflict ? write() : conflict;
        case "GET resource/links": return { items: q.get("kind") === "Deployment" ? [{ title: "Dashboard", url: "https://grafana.corp.example/d/deploy" }] : [] };
        case "GET overview": return overview(a);
        case "GET tree": return tree(a, q.get("all") === "true");
        case "GET diff": return diff(a, q.get("from") ?? "live", q.get("to") ?? "git");
        case "GET resource":
          return { manifest: JSON.stringify({ apiVersion: "v1", kind: q.get("kind"), metadata: { name: q.get("resourceName"), namespace: q.get("namespace") }, spec: { replicas: 3 } }) };
        case "GET resource/actions":
          return { actions: q.get("kind") === "Deployment" ? [{ name: "restart", displayName: "Restart" }, { name: "scale", displayName: "Scale", params: [{ name: "replicas" }] }, { name: "resume", displayName: "Resume", disabled: true }] : [] };
        case "POST resource/actions/v2":
        case "DELETE resource":
        case "POST approve":
          return write();
        case "GET plan": return plan(a, q.get("prune") === "true");
        case "GET timeline": return q.get("before") ? [] : timeline(a, now()).slice(0, Number(q.get("limit") ?? 100));
        case "GET attempts": return attempts(a);
        case "GET rendered": return rendered(a);
        case "GET explain": return explain(a, q.get("pointer") ?? "");
        case "GET events":
          return { items: [{ reason: "ScalingReplicaSet", type: "Normal", message: "Scaled up replica set to 3", count: 1, lastTimestamp: iso(now() - 300_000), involvedObject: { kind: "Deployment", name: at[1] } }, { reason: "Failed", type: "Warning", message: "Failed to pull image: not found", count: 12, lastTimestamp: iso(now() - 60_000), involvedObject: { kind: "Pod", name: `${at[1]}-7c9-x` } }] };
        case "POST sync":
          if (!body?.dryRun) {
            Object.assign(a, { sync: "Synced", health: "Healthy", cause: "", next: "", kind: null, since: now(), flags: a.flags & ~(Flag.failed | Flag.driftOpen) });
            publish("audit", "audit", note("sync", V("alice", "dashboard"), a, "", a.rev, body?.windlass?.reason ?? ""));
          }
          return write();
        case "POST rollback":
          publish("audit", "audit", note("rollback", V("alice", "dashboard"), a, a.rev, "", body?.windlass?.reason ?? ""));
          return write();
        case "POST hold": a.flags |= Flag.held; return write();
        case "DELETE hold": a.flags &= ~(Flag.held | Flag.rolledBack); a.kind = null; return write();
        case "POST pause": a.flags |= Flag.paused; return write();
        case "POST resume": a.flags &= ~Flag.paused; return write();
        case "POST refresh": return write();
        case "DELETE operation": a.flags &= ~Flag.running; return write();
        case "DELETE ": {
          apps.splice(apps.indexOf(a), 1);
          gone.push(a.uid);
          return {};
        }
      }
    }
    return [404, { error: "Not Found", code: 5, message: "Not Found" }];
  };

  let packed = { seq: -1, body: Buffer.alloc(0) };
  const server = createServer((req, res) => {
    const u = new URL(req.url, "http://x");
    const json = (status, value) => {
      res.writeHead(status, { "Content-Type": "application/json", "Cache-Control": "no-store" });
      res.end(JSON.stringify(value));
    };
    if (!u.pathname.startsWith("/api/v1/")) {
      if (u.pathname.startsWith("/ui/")) {
        const name = normalize(u.pathname.slice(4));
        const file = join(dist, name);
        if (name.includes("..") || !existsSync(file)) return void res.writeHead(404).end();
        const br = (req.headers["accept-encoding"] ?? "").includes("br") && existsSync(`${file}.br`);
        res.writeHead(200, { "Content-Type": types[name.split(".").at(-1)] ?? "application/octet-stream", "Cache-Control": "public, max-age=31536000, immutable", "Content-Security-Policy": csp, ...(br ? { "Content-Encoding": "br" } : {}) });
        return void res.end(readFileSync(br ? `${file}.br` : file));
      }
      res.writeHead(200, { "Content-Type": types.html, "Cache-Control": "no-cache", "Content-Security-Policy": csp });
      return void res.end(readFileSync(join(dist, "index.html")));
    }
    const path = u.pathname.slice("/api/v1/".length);
    if (state.down) return void res.destroy();
    if (path === "stream") {
      if (!loggedIn) return json(401, { error: "no session information", code: 16, message: "no session information" });
      const topics = (u.searchParams.get("topics") ?? "apps").split(",");
      const since = Number(req.headers["last-event-id"] ?? u.searchParams.get("since") ?? seq);
      res.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
      res.write(`event: ping\ndata: ${JSON.stringify({ seq, now: new Date().toISOString() })}\n\n`);
      const client = { res, topics };
      state.streams.push({ since, topics });
      if (since < (ring[0]?.seq ?? seq + 1) - 1 || since > seq) res.write(`event: resync\ndata: ${JSON.stringify({ seq })}\n\n`);
      else for (const m of ring) if (m.seq > since) send(client, m);
      clients.add(client);
      req.on("close", () => clients.delete(client));
      return;
    }
    if (path === "board") {
      if (!loggedIn) return json(401, { error: "no session information", code: 16, message: "no session information" });
      if (packed.seq !== seq) packed = { seq, body: brotliCompressSync(JSON.stringify(board(apps, seq)), { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } }) };
      res.writeHead(200, { "Content-Type": "application/json", "Content-Encoding": "br", ETag: `"${seq}"` });
      return void res.end(packed.body);
    }
    if (/^applications\/[^/]+\/logs$/.test(path)) {
      res.writeHead(200, { "Content-Type": "application/x-ndjson" });
      let n = 0;
      const line = () => res.write(`${JSON.stringify({ result: { content: n % 9 === 5 ? "WARN slow query took 812 ms" : n % 23 === 11 ? "ERROR upstream connect error" : `GET /healthz 200 ${n}`, timeStamp: new Date().toISOString(), podName: "api-7c9d4b6f8-x7k2p" } })}\n`);
      for (; n < 60; n++) line();
      const timer = setInterval(() => (n++, line()), 700);
      req.on("close", () => clearInterval(timer));
      return;
    }
    const chunks = [];
    req.on("data", (c) => chunks.push(c));
    req.on("end", () => {
      let body;
      try {
        body = chunks.length ? JSON.parse(Buffer.concat(chunks).toString()) : undefined;
      } catch {
        return json(400, { error: "invalid JSON", code: 3, message: "invalid JSON" });
      }
      const out = routes(req, path, u.searchParams, body);
      if (Array.isArray(out) && typeof out[0] === "number") json(out[0], out[1]);
      else json(200, out);
    });
  });
  const state = { down: false, conflict: false, streams: [] };
  await new Promise((r) => server.listen(port, "127.0.0.1", r));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    apps,
    log,
    state,
    /** Changes one application and tells it. */
    change(name, more) {
      const a = find("", name);
      Object.assign(a, more);
      touch(a);
      return a;
    },
    addDrift(e) {
      drift = [e, ...drift];
      publish("drift", "drift", e);
    },
    /** The session ends, as an expired one does. */
    expire() {
      loggedIn = false;
    },
    /** Ends every stream, as a proxy would. */
    cut() {
      for (const c of clients) c.res.destroy();
      clients.clear();
    },
    /** Forgets what streams could be resumed from. */
    forget() {
      ring.length = 0;
      seq += 100;
    },
    close() {
      clearInterval(flush);
      clearInterval(ping);
      clearInterval(churn);
      for (const c of clients) c.res.destroy();
      server.closeAllConnections();
      return new Promise((r) => server.close(r));
    },
  };
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const arg = (name, value) => (process.argv.includes(`--${name}`) ? process.argv[process.argv.indexOf(`--${name}`) + 1] : value);
  const mock = await startMock({
    apps: Number(arg("apps", 24)),
    deltas: Number(arg("deltas", 0)),
    hot: Number(arg("hot", 0)),
    port: Number(arg("port", 7099)),
    simulated: process.argv.includes("--simulated"),
    needLogin: process.argv.includes("--login"),
  });
  console.log(mock.url);
}
