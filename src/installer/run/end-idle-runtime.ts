import { versionsInUse, wordsOfProcesses } from "./layout.ts";
import type { Node } from "./node.ts";
import { keeperOf } from "./renew-runtime.ts";

const SIGNAL_MS_MAX = 10_000;
/** The runtime ends what it holds in order. */
const END_MS_MAX = 10_000;
const LOOK_AGAIN_MS = 100;

/** Ends a runtime that has no guests, which would otherwise keep its files in use. */
export async function endIdleRuntime({ host, node, directory }: Node): Promise<void> {
  for (const socket of node.sockets) {
    const read = (path: string): string | undefined => host.readFile(path)?.content.toString();
    const pid = keeperOf(read, socket);
    const hasCells = wordsOfProcesses(host, directory).some((word) => word.endsWith("/cell.js"));
    if (pid === undefined || hasCells) continue;
    await host.run(["kill", "-TERM", pid], SIGNAL_MS_MAX);
    const endMs = host.clock.nowMs() + END_MS_MAX;
    while (versionsInUse(host, directory).size > 0 && host.clock.nowMs() < endMs) await host.clock.sleep(LOOK_AGAIN_MS);
  }
}
