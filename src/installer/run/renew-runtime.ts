import type { Node } from "./node.ts";

const SIGNAL_MS_MAX = 10_000;

/**
 * Tells a runtime that runs already of the new version: its keeper starts a control process of it, and no pod ends
 * (docs/guide/containerd.md). One that is not there starts with the next pod.
 */
export async function renewRuntime({ host, node }: Node, from: string | undefined, to: string): Promise<void> {
  if (from === undefined || from === to) return;
  for (const socket of node.sockets) {
    const pid = keeperOf((path) => host.readFile(path)?.content.toString(), socket);
    if (pid !== undefined) await host.run(["kill", "-HUP", pid], SIGNAL_MS_MAX);
  }
}

/** The process that left its mark beside the socket, if it is still the same one: numbers are used again. */
export function keeperOf(read: (path: string) => string | undefined, socket: string): string | undefined {
  const [pid = "", started = ""] = read(`${socket}.kwasm/pid`)?.trim().split(" ") ?? [];
  if (!/^\d+$/u.test(pid)) return undefined;
  // Field 22 is the start time; field 2 may hold spaces and ends with the last parenthesis.
  const stat = read(`/proc/${pid}/stat`) ?? "";
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields[19] === started ? pid : undefined;
}
