import type { FifoStreams } from "#node";

import type { TaskStreams } from "./task.ts";

/** containerd's paths as the runtime takes them. With a terminal there is one output, which is the standard one. */
export function fifosOf({ stdin, stdout, stderr, terminal }: TaskStreams): FifoStreams {
  return {
    ...(stdin === "" ? {} : { stdinPath: stdin }),
    ...(stdout === "" ? {} : { stdoutPath: stdout }),
    ...(stderr === "" || terminal ? {} : { stderrPath: stderr }),
    ...(terminal ? { isTerminal: true } : {}),
  };
}
