import type { UserSpec } from "../workload.ts";

/** Whose guests a cell has. */
export interface CellTenant {
  readonly group: string;
  readonly user?: UserSpec;
}

interface TenantFields {
  readonly group: string;
  readonly user?: UserSpec | undefined;
}

/** The tenant that a sandbox, or a cell's options, name. */
export function tenantOf({ group, user }: TenantFields): CellTenant {
  return { group, ...(user === undefined ? {} : { user }) };
}

/** A tenant for the guests of one sandbox alone, apart from their group. */
export function secludedTenantOf(sandbox: TenantFields & { readonly id: string }): CellTenant {
  return { ...tenantOf(sandbox), group: `${sandbox.group}/${sandbox.id}` };
}

/** The same for guests that may share a cell: those of one group whose files belong to them alike. */
export function keyOfTenant({ group, user }: CellTenant): string {
  if (user === undefined) return group;
  const gids = [...new Set(user.additionalGids)].toSorted((left, right) => left - right);
  // A NUL is in no group's name, so that no name can look like another group's key.
  return `${group}\0${String(user.uid)}:${String(user.gid)}:${gids.join(",")}`;
}

/** What the host keeps of a cell for a later control, and back: it is a process of ours. */
export function noteOfTenant(tenant: CellTenant): string {
  return JSON.stringify(tenant);
}

export function tenantOfNote(note: string): CellTenant {
  return JSON.parse(note) as CellTenant;
}
