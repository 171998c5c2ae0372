import { checked, libc, SystemCallError } from "./libc.ts";

const PR_SET_PDEATHSIG = 1;
const PR_CAPBSET_READ = 23;
const PR_CAPBSET_DROP = 24;
const PR_SET_NO_NEW_PRIVS = 38;
const SIGKILL = 9;

/**
 * Makes every process that this thread starts from now on unable to gain rights: no_new_privs is inherited over exec,
 * and an empty bounding set leaves even root's programs without a capability (capabilities(7)). Both belong to the
 * calling thread alone, so control runs this in its spawner thread and keeps its own rights.
 */
export function renouncePrivilegesOfChildren(): void {
  for (let capability = 0n; isInBoundingSet(capability); capability++) dropFromBoundingSet(capability);
  checked("prctl", libc.prctl(PR_SET_NO_NEW_PRIVS, 1n, 0n, 0n, 0n));
}

/** Ends this process when the thread that started it ends, also when that thread is killed (prctl(2)). */
export function dieWithParent(): void {
  checked("prctl", libc.prctl(PR_SET_PDEATHSIG, BigInt(SIGKILL), 0n, 0n, 0n));
}

/** Capabilities are numbered without a gap; the kernel answers EINVAL past the last one it knows. */
function isInBoundingSet(capability: bigint): boolean {
  return libc.prctl(PR_CAPBSET_READ, capability, 0n, 0n, 0n) >= 0;
}

function dropFromBoundingSet(capability: bigint): void {
  try {
    checked("prctl", libc.prctl(PR_CAPBSET_DROP, capability, 0n, 0n, 0n));
  } catch (error) {
    // A process without CAP_SETPCAP has no capability to hand on either.
    if (!(error instanceof SystemCallError) || error.code !== "EPERM") throw error;
  }
}
