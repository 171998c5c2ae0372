import type { HostInterface } from "../../component/index.ts";
import { deadlinePollable } from "../../host/index.ts";
import type { P2Context } from "../context.ts";
import { errorInterface, pollInterface } from "../io/poll.ts";
import { streamsInterface } from "../io/streams.ts";
import { monotonicClockInterface } from "../clocks.ts";
import { notEndingWith, renamed } from "./functions.ts";

/** `wasi:io/poll@0.2.0-rc-2023-10-18`: pollables had no methods. */
export function pollOf20231018(context: P2Context): HostInterface {
  const { functions, resources } = pollInterface(context);
  return { functions: renamed(functions, { "poll-list": "poll", "poll-one": "[method]pollable.block" }), resources };
}

/** `wasi:io/streams@0.2.0-rc-2023-10-18`: errors were among the streams, and splicing took the other stream over. */
export function streamsOf20231018(context: P2Context): HostInterface {
  const { functions, resources } = streamsInterface(context);
  return {
    functions: { ...notEndingWith(functions, ".splice", ".blocking-splice"), ...errorInterface.functions },
    resources: { ...resources, ...errorInterface.resources },
  };
}

/** `wasi:clocks/monotonic-clock@0.2.0-rc-2023-10-18`. */
export function monotonicClockOf20231018(context: P2Context): HostInterface {
  const { monotonicNs } = context.clocks;
  return {
    functions: {
      ...renamed(monotonicClockInterface(context).functions, { now: "now", resolution: "resolution" }),
      subscribe: (when: bigint, isAbsolute: boolean) =>
        deadlinePollable(monotonicNs, isAbsolute ? when : monotonicNs() + when),
    },
    resources: {},
  };
}
