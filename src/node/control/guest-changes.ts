import { setTimeout as sleep } from "node:timers/promises";

import type { CellRequest } from "../channel/index.ts";
import { isCellGone } from "./cell-channel.ts";
import type { Place, WorkloadRow } from "./workload-table.ts";

/** How long a change of a guest waits for its cell: one whose thread a guest holds makes it when it has it back. */
const CHANGE_ANSWER_MS = 1_000;

/** Tells the guest's cell what the cap of its memory is now. */
export async function tellLimit({ place, spec }: WorkloadRow): Promise<void> {
  const { memoryBytesMax } = spec;
  if (place !== undefined) await change(place, { call: "limit", guest: place.guest, memoryBytesMax });
}

/** Tells the guest's cell whether it is paused. */
export async function tellPause({ place, view }: WorkloadRow): Promise<void> {
  const call = view.isPaused === true ? "pause" : "resume";
  if (place !== undefined) await change(place, { call, guest: place.guest });
}

/** Resolves when the cell has made a change, or after a while: it makes it then before the guest goes on. */
async function change(place: Place, request: CellRequest): Promise<void> {
  const made = place.cell.request(request).catch((error: unknown) => {
    // A cell that is gone has no guest to change; what is left of it is told by its end.
    if (!isCellGone(error)) throw error;
  });
  await Promise.race([made, sleep(CHANGE_ANSWER_MS, undefined, { ref: false })]);
}
