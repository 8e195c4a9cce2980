// Where the plan dialog is asked for; its code comes when it is first needed.
import { signal } from "@preact/signals";
import type { AppName } from "../wire";

export type PlanRequest = { apps: AppName[]; revision?: string; resources?: string[]; prune?: boolean };
export type ReasonRequest = {
  title: string;
  text: string;
  confirm: string;
  danger?: boolean;
  /** Offers "until" as one of a few spans. */
  until?: boolean;
  /** What has to be typed before it goes. */
  type?: string;
  /** A number that is asked for, by its name. */
  parameter?: string;
  run: (reason: string, until: string | undefined, value: string) => Promise<string>;
};
export const planAsked = signal<PlanRequest | null>(null);
export const reasonAsked = signal<ReasonRequest | null>(null);

export function openPlan(p: PlanRequest): void {
  planAsked.value = p;
}
export function askReason(r: ReasonRequest): void {
  reasonAsked.value = r;
}
