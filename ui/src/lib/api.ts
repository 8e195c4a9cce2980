// Requests to the server: one way to ask, one kind of failure.
import { signal } from "@preact/signals";
import type { ApiError } from "../wire";

/** A refused or failed request: what, and what next. `code` is gRPC's. */
export class Failure extends Error {
  readonly code: number;
  readonly status: number;
  readonly hint: string;
  constructor(message: string, code: number, status: number, hint = "") {
    super(message);
    this.code = code;
    this.status = status;
    this.hint = hint;
  }
}

/** The token that proves a change comes from this page; from `session/userinfo`. */
export const csrf = signal("");
/** Set by the session: what to do when the server doesn't know us (any more). */
export const onUnauthenticated: { call: () => void } = { call: () => {} };

const base = "/api/v1/";

export type Query = Record<string, string | number | boolean | readonly string[] | undefined | null>;

/** `path` with a query string of what is set. */
export function url(path: string, query?: Query): string {
  const q = new URLSearchParams();
  for (const [k, v] of Object.entries(query ?? {})) {
    if (Array.isArray(v)) for (const one of v as readonly string[]) q.append(k, one);
    else if (v !== undefined && v !== null && v !== "") q.set(k, String(v));
  }
  const text = q.toString();
  return base + path + (text ? `?${text}` : "");
}

async function failure(res: Response): Promise<Failure> {
  let body: Partial<ApiError> = {};
  try {
    body = (await res.json()) as Partial<ApiError>;
  } catch {
    // A proxy's page, or nothing: the status line has to do.
  }
  const text = body.message ?? body.error ?? `${res.status} ${res.statusText}`.trim();
  return new Failure(text, body.code ?? 13, res.status, body.hint ?? "");
}

async function send(method: string, path: string, query?: Query, body?: unknown, abort?: AbortSignal): Promise<Response> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (method !== "GET" && csrf.value) headers["X-Windlass-CSRF"] = csrf.value;
  const init: RequestInit = { method, headers, credentials: "same-origin" };
  if (body !== undefined) {
    headers["Content-Type"] = "application/json";
    init.body = JSON.stringify(body);
  }
  if (abort) init.signal = abort;
  let res: Response;
  try {
    res = await fetch(url(path, query), init);
  } catch (e) {
    if (abort?.aborted) throw e;
    throw new Failure("The server doesn’t answer.", 14, 0, "Shown is what was known last. It is asked again by itself.");
  }
  if (res.ok) return res;
  const f = await failure(res);
  if (res.status === 401) onUnauthenticated.call();
  throw f;
}

export async function get<T>(path: string, query?: Query, abort?: AbortSignal): Promise<T> {
  return (await (await send("GET", path, query, undefined, abort)).json()) as T;
}

/** A change; the answer's body, or `undefined` where there is none. */
export async function change<T>(method: "POST" | "PUT" | "PATCH" | "DELETE", path: string, query?: Query, body?: unknown): Promise<T> {
  const text = await (await send(method, path, query, body)).text();
  return (text ? JSON.parse(text) : undefined) as T;
}

/** Lines of newline-delimited JSON as they arrive. */
export async function lines<T>(path: string, query: Query, abort: AbortSignal, each: (value: T) => void): Promise<void> {
  const res = await send("GET", path, query, undefined, abort);
  const reader = res.body?.getReader();
  if (!reader) return;
  const decoder = new TextDecoder();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    rest += decoder.decode(value, { stream: true });
    const parts = rest.split("\n");
    rest = parts.pop() ?? "";
    for (const p of parts) if (p.trim()) each(JSON.parse(p) as T);
  }
}

/** The path of an application below `/api/v1/applications`. */
export function appPath(name: string, rest = ""): string {
  return `applications/${encodeURIComponent(name)}${rest ? `/${rest}` : ""}`;
}
