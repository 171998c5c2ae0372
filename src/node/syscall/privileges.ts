import { attempt, checked, libc, SystemCallError } from "./libc.ts";

const PR_SET_PDEATHSIG = 1;
const PR_CAPBSET_READ = 23;
const PR_CAPBSET_DROP = 24;
const PR_SET_SECUREBITS = 28;
const PR_SET_NO_NEW_PRIVS = 38;
const SECBIT_NOROOT = 1n;
/** The one capability that a cell may be born with, until it has become its guests' user: see letChildrenBecomeUsers. */
const CAP_SETUID = 7n;
const SIGKILL = 9;

/**
 * Makes every process that this thread starts from now on unable to gain rights: no_new_privs is inherited over exec,
 * the bounding set has nothing left but CAP_SETUID, and root's programs get no capability for being root's
 * (SECBIT_NOROOT, capabilities(7)). All of it belongs to the calling thread alone, so control runs this in its spawner
 * thread and keeps its own rights.
 */
export function renouncePrivilegesOfChildren(): void {
  for (let capability = 0n; isInBoundingSet(capability); capability++) {
    if (capability !== CAP_SETUID) dropFromBoundingSet(capability);
  }
  checked("prctl", libc.prctl(PR_SET_NO_NEW_PRIVS, 1n, 0n, 0n, 0n));
  withoutRight(() => setSecurebits(SECBIT_NOROOT));
}

/** Runs `start`, whose children are born with CAP_SETUID and nothing else; for the thread of the function above. */
export function letChildrenBecomeUsers<Result>(start: () => Result): Result {
  setSecurebits(0n);
  try {
    return start();
  } finally {
    setSecurebits(SECBIT_NOROOT);
  }
}

/**
 * Makes this process, all its threads, that user's for good: the C library does so in each of them (nptl(7)), and the
 * kernel takes a process that leaves root behind its capabilities (capabilities(7)) and every other's right to trace it.
 */
export function becomeUser(uid: number): void {
  attempt(`become user "${String(uid)}", which needs root`, () => checked("setresuid", libc.setresuid(uid, uid, uid)));
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
  withoutRight(() => checked("prctl", libc.prctl(PR_CAPBSET_DROP, capability, 0n, 0n, 0n)));
}

function setSecurebits(bits: bigint): void {
  checked("prctl", libc.prctl(PR_SET_SECUREBITS, bits, 0n, 0n, 0n));
}

/** A process without CAP_SETPCAP may not renounce, and has no capability to hand on either. */
function withoutRight(renounce: () => void): void {
  try {
    renounce();
  } catch (error) {
    if (!(error instanceof SystemCallError) || error.code !== "EPERM") throw error;
  }
}
