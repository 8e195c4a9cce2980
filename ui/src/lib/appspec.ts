// An Application as a form has it: what is missing, what goes together, how it reads.
import type { Json } from "../wire";
import { at, listAt, put, textAt, withWord, type Path } from "./edit";

export const inCluster = "https://kubernetes.default.svc";

/** Where the sources of a specification are: one, or a list. */
export function sourcePaths(app: Json): Path[] {
  const many = listAt(app, ["spec", "sources"]);
  return many.length ? many.map((_, i) => ["spec", "sources", i]) : [["spec", "source"]];
}

/** One more source: the first one moves into the list. */
export function addSource(app: Json): Json {
  const many = listAt(app, ["spec", "sources"]);
  if (many.length) return put(app, ["spec", "sources"], [...many, {}]);
  const first = at(app, ["spec", "source"]) ?? {};
  return put(put(app, ["spec", "source"], undefined), ["spec", "sources"], [first, {}]);
}

/** Without a source; of two the other becomes the only one. */
export function removeSource(app: Json, place: number): Json {
  const rest = listAt(app, ["spec", "sources"]).filter((_, i) => i !== place);
  if (rest.length > 1) return put(app, ["spec", "sources"], rest);
  return put(put(app, ["spec", "sources"], undefined), ["spec", "source"], rest[0] ?? {});
}

export type Automation = { on: boolean; prune: boolean; selfHeal: boolean };
const automatedPath = ["spec", "syncPolicy", "automated"] as const;

export function automation(app: Json): Automation {
  const a = at(app, automatedPath);
  const set = a !== undefined && a !== null && at(a, ["enabled"]) !== false;
  return { on: set, prune: at(a, ["prune"]) === true, selfHeal: at(a, ["selfHeal"]) === true };
}

export function setAutomation(app: Json, to: Automation): Json {
  if (!to.on) return tidy(put(app, automatedPath, undefined));
  let a: Json = { ...((at(app, automatedPath) as { [k: string]: Json } | null | undefined) ?? {}) };
  a = put(a, ["enabled"], undefined);
  a = put(a, ["prune"], to.prune ? true : undefined);
  a = put(a, ["selfHeal"], to.selfHeal ? true : undefined);
  return put(app, automatedPath, a);
}

const optionsPath = ["spec", "syncPolicy", "syncOptions"] as const;

export function option(app: Json, word: string): boolean {
  return listAt(app, optionsPath).includes(word);
}

export function setOption(app: Json, word: string, on: boolean): Json {
  const list = withWord(listAt(app, optionsPath), word, on);
  return tidy(put(app, optionsPath, list.length ? list : undefined));
}

/** A sync policy that says nothing isn't written. */
function tidy(app: Json): Json {
  const policy = at(app, ["spec", "syncPolicy"]);
  return policy !== undefined && policy !== null && typeof policy === "object" && !Object.keys(policy).length ? put(app, ["spec", "syncPolicy"], undefined) : app;
}

export type Missing = "name" | "nameForm" | "repo" | "path" | "version" | "destination" | "namespace";

/** What has to be given before anybody can be asked about it. */
export function missing(app: Json): Missing[] {
  const out: Missing[] = [];
  const name = textAt(app, ["metadata", "name"]);
  if (!name) out.push("name");
  else if (!/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(name)) out.push("nameForm");
  for (const p of sourcePaths(app)) {
    const of = (field: string): string => textAt(app, [...p, field]);
    if (!of("repoURL")) out.push("repo");
    else if (at(app, [...p, "chart"]) !== undefined) {
      if (!of("chart") || !of("targetRevision")) out.push("version");
    } else if (!of("path") && !of("ref")) out.push("path");
  }
  if (!textAt(app, ["spec", "destination", "server"]) && !textAt(app, ["spec", "destination", "name"])) out.push("destination");
  if (!textAt(app, ["spec", "destination", "namespace"])) out.push("namespace");
  return [...new Set(out)];
}

/** What stands in Git, or goes into `kubectl apply`. */
export function manifest(app: Json): Json {
  const metadata: { [k: string]: Json } = {};
  for (const field of ["name", "namespace", "labels", "annotations", "finalizers"]) {
    const v = at(app, ["metadata", field]);
    if (v !== undefined) metadata[field] = v;
  }
  return { apiVersion: "argoproj.io/v1alpha1", kind: "Application", metadata, spec: at(app, ["spec"]) ?? {} };
}
