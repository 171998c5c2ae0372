import { readFileSync } from "node:fs";

import { KwasmError } from "#base";

import type { Host } from "../host/host.ts";

/** Gone after a reboot, as whoever holds it is. */
const LOCK_PATH = "/run/kwasm-installer.lock";
/** As long as a restart of K3s and the wait for its containerd may take, twice. */
const WAIT_MS_MAX = 960_000;
/** The other one may be in another container, and is no child of ours to wait for. */
const ASK_AGAIN_MS = 500;

/** One installer at a time changes a node: the journal is one. Resolves when the others are done; disposing lets the next. */
export async function lockNode(host: Host): Promise<Disposable> {
  if (!host.isThere("/run")) return { [Symbol.dispose]: () => undefined };
  const endMs = host.clock.nowMs() + WAIT_MS_MAX;
  while (!host.createFile(LOCK_PATH, Buffer.from(readOwnMark()))) {
    const holder = host.readFile(LOCK_PATH)?.content.toString() ?? "";
    if (!isAlive(host, holder)) {
      host.removeFile(LOCK_PATH);
      continue;
    }
    if (host.clock.nowMs() >= endMs) {
      throw new KwasmError(
        "unavailable",
        `wait for another installer on the node: process "${holder}" does not end; see it`,
      );
    }
    await host.clock.sleep(ASK_AGAIN_MS);
  }
  return { [Symbol.dispose]: () => host.removeFile(LOCK_PATH) };
}

/** Process id and start time, since ids are used again. The container shares the node's processes, so the node knows both. */
function readOwnMark(): string {
  const stat = readFileSync("/proc/self/stat", "utf8");
  return `${stat.slice(0, stat.indexOf(" "))} ${startOf(stat)}`;
}

function isAlive(host: Host, mark: string): boolean {
  const [pid = "", start = ""] = mark.split(" ");
  if (!/^\d+$/u.test(pid)) return false;
  const stat = host.readFile(`/proc/${pid}/stat`)?.content.toString() ?? "";
  return startOf(stat) === start;
}

/** Field 22; field 2 may hold spaces and ends with the last parenthesis. */
function startOf(stat: string): string {
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
}
