import type { HostInterface } from "../component/index.ts";
import { deadlinePollable } from "../host/index.ts";
import type { P2Context } from "./context.ts";
import { datetimeOf } from "./datetime.ts";

/** The wall clock of the system shows whole milliseconds; between them the monotonic clock counts on. */
const resolutionNs = 1n;

/** `wasi:clocks/monotonic-clock`. */
export function monotonicClockInterface({ clocks }: P2Context): HostInterface {
  return {
    functions: {
      now: () => clocks.monotonicNs(),
      resolution: () => resolutionNs,
      "subscribe-instant": (when: bigint) => deadlinePollable(clocks.monotonicNs, when),
      "subscribe-duration": (span: bigint) => deadlinePollable(clocks.monotonicNs, clocks.monotonicNs() + span),
    },
    resources: {},
  };
}

/** `wasi:clocks/wall-clock`. */
export function wallClockInterface({ clocks }: P2Context): HostInterface {
  return {
    functions: { now: () => datetimeOf(clocks.realtimeNs()), resolution: () => datetimeOf(resolutionNs) },
    resources: {},
  };
}

/** `wasi:clocks/timezone`: a guest is in UTC, wherever its node stands. */
export const timezoneInterface: HostInterface = {
  functions: {
    display: () => ({ "utc-offset": 0, name: "UTC", "in-daylight-saving-time": false }),
    "utc-offset": () => 0,
  },
  resources: {},
};
