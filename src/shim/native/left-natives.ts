import { readdirSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { join } from "node:path";

import { KwasmError, type Log, systemErrorCode } from "#base";

import { type NativeMark, readMark } from "./native-mark.ts";
import { type Containerd, deleteByRuncShim } from "./runc-shim.ts";

interface LeftNatives {
  /** Has a folder for each pod with native containers, and in it one for each of those. */
  readonly directory: string;
  readonly containerd: Containerd;
  readonly log: Log;
}

/**
 * Ends the native containers of a process that is gone, which containerd counts as dead: it asks nobody to end them where
 * it knows a pod by its sandbox alone.
 */
export async function endLeftNatives({ directory, containerd, log }: LeftNatives): Promise<void> {
  for (const key of foldersIn(directory)) {
    const [namespace = "", group = ""] = key.split(",").map(decodeURIComponent);
    const pod = join(directory, key);
    for (const name of foldersIn(pod)) {
      const bundle = join(pod, name);
      const id = decodeURIComponent(name);
      const mark = readMark(bundle);
      if (mark === undefined) continue;
      log.warn("a native container is ended, as the process that looked after it is gone", { namespace, id });
      try {
        endShim(mark, group);
        await deleteByRuncShim(containerd, { namespace, id, bundle });
      } catch (error) {
        const reason = KwasmError.from(error, "end it by its shim").message;
        log.error("a native container without shim was not ended", { namespace, id, reason });
      }
    }
    rmSync(pod, { recursive: true, force: true });
  }
}

/** The id may have become another process's, even that of another pod's shim. */
function endShim({ shim, shimPid, socket }: NativeMark, group: string): void {
  try {
    const words = readFileSync(`/proc/${String(shimPid)}/cmdline`, "utf8").split("\0");
    const program = realpathSync(`/proc/${String(shimPid)}/exe`);
    if (program === realpathSync(shim) && words.includes(group)) process.kill(shimPid, "SIGKILL");
  } catch (error) {
    if (!["ENOENT", "ESRCH"].includes(systemErrorCode(error) ?? "")) throw error;
  }
  rmSync(socket, { force: true });
}

function foldersIn(path: string): readonly string[] {
  try {
    return readdirSync(path, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return [];
    throw error;
  }
}
