// What the server says, word for word. The other side is crates/server/src/wire.

/** RFC 3339, UTC. */
export type Time = string;
/** How sure we are of a name: verified, admission record, manager name only, the system itself (or a Git author as written). */
export type Grade = "V" | "A" | "M" | "-";
export type Actor = { name: string; via: string; grade: Grade };
export type Ref = { group: string; kind: string; namespace: string; name: string; version?: string };
export type Line = {
  repo: string;
  file: string;
  line: number;
  commit?: string;
  author?: string;
  date?: Time;
  message?: string;
  what: string;
};
export type Sync = "Synced" | "OutOfSync" | "Unknown";
export type Health = "Healthy" | "Progressing" | "Degraded" | "Suspended" | "Missing" | "Unknown";
export type State = { sync: Sync; health: Health; since: Time; cause: string; next: string };
export type Can = {
  sync: boolean;
  rollback: boolean;
  override: boolean;
  update: boolean;
  delete: boolean;
  create?: boolean;
  action: boolean;
  logs: boolean;
};
export type AppName = { ns: string; name: string };
export type Commit = { id: string; author: string; date: Time; message: string; signed?: "good" | "bad" | "none" };

export type UserInfo = {
  loggedIn: boolean;
  username?: string;
  iss?: string;
  groups?: string[];
  csrf?: string;
  expires?: Time;
};
export type Settings = {
  windlass?: {
    mode: "demo" | "up" | "serve";
    simulated: boolean;
    version: string;
    login: { local: boolean; oidc?: { name: string } };
    anonymous: boolean;
    controlNamespace: string;
  };
  [key: string]: unknown;
};

export type Board = {
  seq: number;
  dict: {
    project: string[];
    cluster: string[];
    namespace: string[];
    repo: string[];
    sync: string[];
    health: string[];
  };
  rows: {
    /** The row's name on this board; not the resource's uid, and another one's after the server's restart. */
    uid: string[];
    ns: number[];
    name: string[];
    project: number[];
    cluster: number[];
    destNs: number[];
    repo: number[];
    path: string[];
    sync: number[];
    health: number[];
    rev: string[];
    since: number[];
    cause: string[];
    drift: number[];
    flags: number[];
    resources: number[];
    labels: string[];
  };
};

/** Bits of `flags` in a row of the board. */
export const Flag = {
  auto: 1,
  selfHeal: 2,
  held: 4,
  paused: 8,
  running: 16,
  failed: 32,
  driftOpen: 64,
  maySync: 128,
  rolledBack: 256,
  deleting: 512,
} as const;

export type Row = {
  uid: string;
  ns: string;
  name: string;
  project: string;
  cluster: string;
  destNs: string;
  repo: string;
  path: string;
  sync: string;
  health: string;
  rev: string;
  since: number;
  cause: string;
  drift: number;
  flags: number;
  resources: number;
  labels: string;
};
export type RowsEvent = { seq: number; changed: Row[]; removed: string[] };

export type NeedKind = "degraded" | "failed" | "held" | "rolledBack" | "drift" | "paused" | "approval" | "outOfSync";
export type Need = {
  app: { ns: string; name: string; project: string; cluster: string };
  state: State;
  kind: NeedKind;
  actor?: Actor;
};
export type FleetCluster = {
  name: string;
  server: string;
  apps: number;
  degraded: number;
  outOfSync: number;
  drift: number;
  connected: boolean;
  message: string;
  version: string;
  cacheAge: number;
};
export type Hour = { at: Time; syncs: number; drift: number; rollbacks: number };
export type Fleet = {
  seq: number;
  apps: number;
  clusters: FleetCluster[];
  bySync: Record<string, number>;
  byHealth: Record<string, number>;
  needsYou: Need[];
  day: { syncs: number; drift: number; rollbacks: number; failures: number };
  hours: Hour[];
  activity: TimelineEvent[];
};

export type Hold = { revision: string; backTo?: string; by: Actor; reason: string; until?: Time; at: Time };
export type Operation = {
  phase: string;
  message: string;
  startedAt: Time;
  finishedAt?: Time;
  by: Actor;
  revision: string;
  wave?: number;
  done: number;
  total: number;
  waitingFor: string;
};
export type Overview = {
  uid: string;
  ns: string;
  name: string;
  project: string;
  cluster: string;
  server: string;
  destNs: string;
  labels: Record<string, string>;
  state: State;
  revision: Commit | null;
  wants: Commit | null;
  sources: { repo: string; path: string; chart: string; targetRevision: string; revision: string }[];
  auto: { enabled: boolean; prune: boolean; selfHeal: boolean };
  paused?: { by: Actor; reason: string; until?: Time };
  holds: Hold[];
  operation?: Operation;
  gate?: { until: Time; message: string };
  conditions: { type: string; message: string; since: Time }[];
  counts: { resources: number; outOfSync: number; degraded: number; missing: number; orphaned: number };
  windows: { text: string; active: boolean; until?: Time }[];
  can: Can;
  links: { title: string; url: string }[];
  stale?: { since: Time; why: string };
};

export type TreeNode = {
  id: string;
  parent?: string;
  ref: Ref;
  wave: number;
  hook?: string;
  sync: string;
  health: string;
  message: string;
  since?: Time;
  images: string[];
  ready?: string;
  pods?: { ok: number; bad: number; pending: number };
  folded?: number;
  drift: number;
  x: number;
  y: number;
};
export type Tree = { nodes: TreeNode[]; width: number; height: number; total: number; drawn: number };

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type OwnedBy = Actor & { at?: Time };
export type DiffField = {
  path: string;
  left: Json;
  right: Json;
  masked?: boolean;
  /** For `explain`. */
  pointer?: string;
  owner?: OwnedBy;
  line?: Line;
};
export type DiffObject = {
  ref: Ref;
  verdict: "changed" | "missing" | "extra" | "same";
  fields: DiffField[];
  ignored: { path: string; rule: string }[];
  origin?: Line;
  leftText: string;
  rightText: string;
};
export type Diff = { from: Commit | null; to: Commit | null; objects: DiffObject[]; hiddenSame: number };

export type Plan = {
  revision: Commit | null;
  create: Ref[];
  change: { ref: Ref; fields: string[] }[];
  delete: Ref[];
  unchanged: number;
  waves: { wave: number; phase: string; count: number }[];
  hooks: Ref[];
  warnings: string[];
  blocked?: { why: string; overridable: boolean };
  friction: "none" | "confirm" | "type";
  digest: string;
};

export type Preview = Plan & { objects: { ref: Ref; text: string; origin: Line }[]; total: number };

export type EventKind =
  | "sync"
  | "rollback"
  | "drift"
  | "heal"
  | "held"
  | "unheld"
  | "pause"
  | "resume"
  | "commit"
  | "health"
  | "event"
  | "settings"
  | "refused";
export type TimelineEvent = {
  at: Time;
  kind: EventKind;
  app: AppName;
  actor: Actor;
  title: string;
  detail: string;
  revision?: string;
  ref?: Ref;
  severity: "info" | "warn" | "bad" | "good";
  id?: string;
};

export type Attempt = {
  id: number | string;
  revision: Commit;
  startedAt: Time;
  finishedAt?: Time;
  phase: string;
  message: string;
  /** Its revision is held: by the health gate after a failure, or by somebody. */
  held?: boolean;
  by: Actor;
  automated: boolean;
  reason: string;
  resources: number;
  isCurrent: boolean;
  canRollBack: boolean;
};

export type Rendered = {
  objects: { ref: Ref; text: string; lines: { pointer: string; line: number }[]; origin: Line }[];
  inputs: { file: string; changed: boolean }[];
  grade: "exact" | "template";
  values?: string;
};
export type Explain = { value: Json; steps: Line[]; owner?: OwnedBy };

export type DriftAction = "healed" | "open" | "kept" | "ignored" | "adopted";
export type DriftEvent = {
  id: string;
  at: Time;
  actor: Actor;
  cluster: string;
  app: AppName;
  ref: Ref;
  fields: { path: string; git: Json; live: Json }[];
  action: DriftAction;
  tookMs?: number;
  note: string;
};
export type DriftPage = { events: DriftEvent[]; actors: number; open: number; next?: string };
export type AuditEntry = {
  seq: number;
  at: Time;
  action: string;
  actor: Actor;
  app: AppName;
  from: string;
  to: string;
  message: string;
};
export type AuditPage = { entries: AuditEntry[]; next?: string };

export type Stage = { name: string; state: "ok" | "run" | "bad" | "wait"; tookMs?: number; detail: string };
export type Rollout = {
  app: AppName;
  project: string;
  cluster: string;
  revision: Commit;
  previous: Commit | null;
  phase: "rolling" | "gate" | "failed" | "rolledBack" | "held" | "done";
  stages: Stage[];
  why: string;
  until?: Time;
  can: Can;
};
export type ResourceRow = {
  app: AppName;
  ref: Ref;
  cluster: string;
  sync: string;
  health: string;
  message: string;
  images: string[];
};
export type ResourcePage = { rows: ResourceRow[]; total: number; next?: string };
export type SearchHit = {
  kind: "app" | "resource" | "image" | "commit" | "person" | "page";
  title: string;
  detail: string;
  href: string;
};
export type CanI = { allowed: boolean; rule: string; source: string; why: string };
export type Policy = {
  matchMode: string;
  default: string;
  rules: { line: number; source: string; text: string; problem?: string }[];
};

/** Argo CD's shapes, as far as pages read them. */
export type ArgoEvent = {
  reason?: string;
  message?: string;
  type?: string;
  count?: number;
  firstTimestamp?: Time | null;
  lastTimestamp?: Time | null;
  eventTime?: Time | null;
  involvedObject?: { kind?: string; name?: string; namespace?: string };
  source?: { component?: string };
  metadata?: { uid?: string; creationTimestamp?: Time };
};
export type ArgoProject = {
  metadata: { name: string; creationTimestamp?: Time };
  spec: {
    description?: string;
    sourceRepos?: string[];
    destinations?: { server?: string; name?: string; namespace?: string }[];
    clusterResourceWhitelist?: { group: string; kind: string }[];
    namespaceResourceBlacklist?: { group: string; kind: string }[];
    roles?: { name: string; description?: string; policies?: string[]; groups?: string[] }[];
    syncWindows?: {
      kind?: string;
      schedule?: string;
      duration?: string;
      applications?: string[];
      namespaces?: string[];
      clusters?: string[];
      manualSync?: boolean;
      timeZone?: string;
    }[];
  };
};
export type ArgoCluster = {
  name: string;
  server: string;
  serverVersion?: string;
  connectionState?: { status?: string; message?: string; attemptedAt?: Time | null };
  info?: {
    applicationsCount?: number;
    serverVersion?: string;
    connectionState?: { status?: string; message?: string };
    cacheInfo?: { resourcesCount?: number; apisCount?: number; lastCacheSyncTime?: Time | null };
  };
};
export type ArgoRepository = {
  repo: string;
  type?: string;
  name?: string;
  project?: string;
  connectionState?: { status?: string; message?: string };
};
export type SavedView = { name: string; search: string };
export type Preferences = { favourites: string[]; views: SavedView[]; shared: SavedView[]; mayShare: boolean; kept: boolean };
export type ApiError = { error: string; code: number; message: string; hint?: string };
