import { appendFileSync, renameSync, statSync } from "node:fs";
import { createLog, KwasmError, type Log } from "#base";

/** Bytes of control's own log before it becomes `control.log.1`; guests' output never goes there. */
const CONTROL_LOG_BYTES_MAX = 4 * 1_048_576;

/** Control's log as a file that never grows beyond its limit. Lines are few: one per failure or start. */
export function openControlLog(path: string): Log {
  let bytes = sizeOf(path);
  return createLog({
    level: "info",
    write(line) {
      if (bytes + line.length > CONTROL_LOG_BYTES_MAX) {
        renameSync(path, `${path}.1`);
        bytes = 0;
      }
      appendFileSync(path, line, { mode: 0o600 });
      bytes += Buffer.byteLength(line);
    },
  });
}

function sizeOf(path: string): number {
  try {
    return statSync(path).size;
  } catch (error) {
    if (KwasmError.from(error, "measure").code === "not-found") return 0;
    throw error;
  }
}
