import { closeSync } from "node:fs";

import { openListener } from "../syscall/listener.ts";
import { runInNetworkNamespace } from "../syscall/network-namespace.ts";
import type { SandboxSpec } from "../workload.ts";
import type { SandboxRow } from "./workload-table.ts";

/** Opens the sockets of a sandbox in its network; none stays open where one cannot be. */
export function openSandbox(spec: SandboxSpec): SandboxRow {
  const listeners: SandboxRow["listeners"][number][] = [];
  try {
    openInPlace(spec.networkNamespace, () => {
      for (const listener of spec.listeners) listeners.push(openListener(listener));
    });
    return { spec, listeners };
  } catch (error) {
    closeListeners({ listeners });
    throw error;
  }
}

/** What a host that holds them calls them. */
export function listenersName({ id }: SandboxSpec): string {
  return `listeners/${id}`;
}

export function closeListeners({ listeners }: Pick<SandboxRow, "listeners">): void {
  for (const { fd } of listeners) closeSync(fd);
}

function openInPlace(networkNamespace: string | undefined, open: () => void): void {
  if (networkNamespace === undefined) open();
  else runInNetworkNamespace(networkNamespace, open);
}
