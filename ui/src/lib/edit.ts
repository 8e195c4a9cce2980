// Changes inside of a resource that keep everything that the forms don't know.
import type { Json } from "../wire";

export type Path = readonly (string | number)[];

/** What is at a path; `undefined` if nothing is. */
export function at(value: Json | undefined, path: Path): Json | undefined {
  let v = value;
  for (const step of path) {
    if (v === null || v === undefined || typeof v !== "object") return undefined;
    v = Array.isArray(v) ? v[Number(step)] : v[String(step)];
  }
  return v;
}

export function textAt(value: Json | undefined, path: Path): string {
  const v = at(value, path);
  return v === undefined || v === null || typeof v === "object" ? "" : String(v);
}

export function listAt(value: Json | undefined, path: Path): Json[] {
  const v = at(value, path);
  return Array.isArray(v) ? v : [];
}

/** A copy with another value at a path; `undefined` takes it out. Items of a list keep their places. */
export function put(value: Json | undefined, path: Path, to: Json | undefined): Json {
  const [step, ...rest] = path;
  if (step === undefined) return to ?? null;
  if (typeof step === "number") {
    const list = Array.isArray(value) ? [...value] : [];
    if (!rest.length && to === undefined) list.splice(step, 1);
    else list[step] = put(list[step], rest, to);
    return list;
  }
  const object = value !== null && typeof value === "object" && !Array.isArray(value) ? { ...value } : {};
  if (!rest.length && to === undefined) delete object[step];
  else object[step] = put(object[step], rest, to);
  return object;
}

/** Text of a form: an empty one takes the field out. */
export function putText(value: Json | undefined, path: Path, to: string): Json {
  return put(value, path, to === "" ? undefined : to);
}

/** The list with a word that is there or isn't. */
export function withWord(list: readonly Json[], word: string, on: boolean): Json[] {
  const name = word.split("=", 1)[0] ?? "";
  const rest = list.filter((x) => typeof x !== "string" || x.split("=", 1)[0] !== name);
  return on ? [...rest, word] : rest;
}
