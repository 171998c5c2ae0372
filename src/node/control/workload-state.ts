import { KwasmError } from "#base";

import type { WorkloadState } from "../workload.ts";

/** What can happen to a workload. `ended` comes from a guest's own end, its cell's death or a failed start alike. */
export type WorkloadEvent = "start" | "started" | "ended";

/**
 * The closed table of a workload's life: created → starting → running → exited. Returns the next state, or undefined
 * where the event changes nothing (a guest may end before its start was answered). Throws `failed-precondition` for a
 * request that its state does not allow.
 */
export function transition(state: WorkloadState, event: WorkloadEvent): WorkloadState | undefined {
  switch (event) {
    case "start":
      if (state !== "created") {
        throw new KwasmError(
          "failed-precondition",
          `start a workload that is "${state}": only a created one can be started`,
        );
      }
      return "starting";
    case "started":
      return state === "starting" ? "running" : undefined;
    case "ended":
      return state === "exited" ? undefined : "exited";
  }
}
