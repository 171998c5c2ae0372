import { KwasmError } from "#base";
import type { HostInterface } from "../../component/index.ts";
import type { Pollable } from "../../host/index.ts";
import { waiting } from "../calls.ts";
import type { P2Context } from "../context.ts";
import type { IoError } from "./io-error.ts";

/** How many things one call may wait for: more than descriptors a guest may have. */
const pollablesMax = 4_096;

/** `wasi:io/poll`. Pollables of the host are what waits; nothing asks them again and again. */
export function pollInterface(context: P2Context): HostInterface {
  const { interrupt } = context;
  return {
    functions: {
      "[method]pollable.ready": (pollable: Pollable) => pollable.isReady(),
      "[method]pollable.block": waiting(context, (pollable: Pollable) =>
        pollable.isReady() ? undefined : interrupt.whenAnyReady([pollable]),
      ),
      poll: waiting(context, (pollables: readonly Pollable[]) => {
        checkCount(pollables.length);
        const ready = indexesOfReady(pollables);
        return ready.length > 0 ? ready : interrupt.whenAnyReady(pollables).then(() => indexesOfReady(pollables));
      }),
    },
    resources: { pollable: {} },
  };
}

/** `wasi:io/error`. What is said is for logs and holds nothing of the host but its own words. */
export const errorInterface: HostInterface = {
  functions: { "[method]error.to-debug-string": (error: IoError) => error.cause.code },
  resources: { error: {} },
};

function indexesOfReady(pollables: readonly Pollable[]): number[] {
  return pollables.flatMap((pollable, index) => (pollable.isReady() ? [index] : []));
}

function checkCount(count: number): void {
  if (count > 0 && count <= pollablesMax) return;
  throw new KwasmError("invalid-argument", `poll "${count}" pollables: give 1 to "${pollablesMax}"`);
}
