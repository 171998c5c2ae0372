import { CancellableAnswer, type HostInterface } from "../component/index.ts";
import { deadlinePollable } from "../host/index.ts";
import { isFree } from "../p2/calls.ts";
import type { P2Context } from "../p2/context.ts";
import { instantOf } from "./instant.ts";

/** The wall clock of the system shows whole milliseconds; between them the monotonic clock counts on. */
const resolutionNs = 1n;

/** `wasi:clocks/monotonic-clock`. */
export function monotonicClockInterface(context: P2Context): HostInterface {
  const { monotonicNs } = context.clocks;
  return {
    functions: {
      now: () => monotonicNs(),
      "get-resolution": () => resolutionNs,
      // A moment that has passed is there at once; who waits for no time at all lets others have their turn.
      "wait-until": (when: bigint) => (when <= monotonicNs() ? undefined : waitUntil(context, when)),
      "wait-for": (howLong: bigint) => {
        return howLong === 0n && isFree(context) ? undefined : waitUntil(context, monotonicNs() + howLong);
      },
    },
    resources: {},
  };
}

/** One timer a wait, which ends with the wait: a guest that raced it against something else holds nothing. */
function waitUntil({ clocks, interrupt }: P2Context, when: bigint): CancellableAnswer {
  const deadline = deadlinePollable(clocks.monotonicNs, when);
  const cancelled = Promise.withResolvers<void>();
  const answer = interrupt.wait((finish) => {
    void cancelled.promise.then(finish);
    let forget = deadline.onReady(look);
    return () => forget();

    // A timer may fire a little before its time.
    function look(): void {
      if (deadline.isReady()) finish();
      else forget = deadline.onReady(look);
    }
  });
  return new CancellableAnswer(answer, cancelled.resolve);
}

/** `wasi:clocks/system-clock`. */
export function systemClockInterface({ clocks }: P2Context): HostInterface {
  return {
    functions: { now: () => instantOf(clocks.realtimeNs()), "get-resolution": () => resolutionNs },
    resources: {},
  };
}

/** `wasi:clocks/timezone`: a guest is in UTC, wherever its node stands. */
export const timezoneInterface: HostInterface = {
  functions: { "iana-id": () => "UTC", "utc-offset": () => 0n, "to-debug-string": () => "UTC" },
  resources: {},
};
