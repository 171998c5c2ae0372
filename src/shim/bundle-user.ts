import { KwasmError } from "#base";
import type { UserSpec } from "#node";

/** The kernel's own limit of a process's groups (NGROUPS_MAX of limits.h). */
export const ADDITIONAL_GIDS_MAX = 65_536;
/** The number after it means "leave it as it is" to the kernel (setresuid(2)), and belongs to nobody. */
export const ID_MAX = 0xffff_fffe;

/**
 * Whom a container runs as: `process.user` of the OCI runtime specification's config.md, where runAsUser, the image's
 * user, fsGroup and supplementalGroups have come together already. Undefined where the bundle names nobody.
 */
export function userOf(user: unknown): UserSpec | undefined {
  if (typeof user !== "object" || user === null) return undefined;
  const uid = "uid" in user ? idOf(user.uid, "uid") : 0;
  const gid = "gid" in user ? idOf(user.gid, "gid") : 0;
  return { uid, gid, additionalGids: "additionalGids" in user ? idsOf(user.additionalGids) : [] };
}

function idsOf(ids: unknown): number[] {
  if (!Array.isArray(ids)) throw malformed("additionalGids", ids);
  if (ids.length > ADDITIONAL_GIDS_MAX) {
    throw new KwasmError(
      "limit-exceeded",
      `read the container's user: it has "${String(ids.length)}" groups, ` +
        `the kernel takes "${String(ADDITIONAL_GIDS_MAX)}"; give it fewer`,
    );
  }
  return ids.map((id: unknown) => idOf(id, "additionalGids"));
}

function idOf(id: unknown, field: string): number {
  if (typeof id === "number" && Number.isInteger(id) && id >= 0 && id <= ID_MAX) return id;
  throw malformed(field, id);
}

function malformed(field: string, value: unknown): KwasmError {
  const text = JSON.stringify(value).slice(0, 100);
  return new KwasmError(
    "invalid-argument",
    `read the container's user: "${field}" is "${text}"; give numbers from 0 to ${String(ID_MAX)}`,
  );
}
