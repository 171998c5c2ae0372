import { posix } from "node:path";

import type { Host } from "../host/host.ts";
import { type FileEdit, newFileOwner } from "../plan/plan.ts";
import type { ShimProgram } from "../shims/fetch-shim.ts";
import type { ShimRequest } from "../shims/shim-request.ts";
import type { ShimRecord } from "./state.ts";

/** So many digits of the digest tell the versions of one shim apart, which lie side by side while pods run. */
const DIGEST_DIGITS = 12;

export function recordShim(
  { name, handler, sha256, options }: ShimRequest,
  program: ShimProgram,
  directory: string,
): ShimRecord {
  const path = posix.join(directory, "shims", name, sha256.slice(0, DIGEST_DIGITS), program.fileName);
  return { name, handler, path, options };
}

export function planShim(host: Host, { path }: ShimRecord, { content }: ShimProgram): FileEdit {
  return { path, before: host.readFile(path), after: { content, ...newFileOwner(0o755) }, restored: undefined };
}

/** Folders of versions and shims that are gone. */
export function removeEmptyShimFolders(host: Host, directory: string): void {
  const shims = posix.join(directory, "shims");
  for (const name of host.list(shims)) {
    const folder = posix.join(shims, name);
    for (const version of host.list(folder)) {
      const place = posix.join(folder, version);
      if (host.list(place).length === 0) host.removeDirectory(place);
    }
    if (host.list(folder).length === 0) host.removeDirectory(folder);
  }
}
