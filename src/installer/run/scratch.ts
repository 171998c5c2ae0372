import { scratchNameOf } from "../host/host-files.ts";
import type { Host } from "../host/host.ts";

/** Removes what an interrupted write may have left beside its file. */
export function withoutScratch(host: Host, paths: readonly string[]): void {
  for (const path of paths) {
    const scratch = scratchNameOf(path);
    if (host.isThere(scratch)) host.removeFile(scratch);
  }
}
