import type { FileStat, NewTime, NewTimes } from "./file-types.ts";

/**
 * How many files' requested times one tree remembers. A guest that copies an archive sets and checks one file after
 * the other; 4096 entries are under a megabyte.
 */
const TIMES_REMEMBERED_MAX = 4096;

const NANOSECONDS_PER_SECOND = 1_000_000_000n;

/** What utimes of node:fs takes for one time. */
export type NodeTime = string | Date;

/**
 * A time as utimes of node:fs takes it. Node hands libuv a double of seconds, and libuv reads infinity as UTIME_NOW and
 * NaN as UTIME_OMIT; a numeric string and an invalid date are the forms of these that Node's argument check lets
 * through, and the string also saves times before 1970, which a number would turn into now. A double of today's seconds
 * has steps of 238 ns, so the kernel stores a time up to 120 ns off; SetTimesMemory hides that from the guest.
 */
export function nodeTimeOf(time: NewTime): NodeTime {
  if (time === "keep") return new Date(Number.NaN);
  if (time === "now") return "Infinity";
  const sign = time < 0n ? "-" : "";
  const magnitude = time < 0n ? -time : time;
  const fraction = (magnitude % NANOSECONDS_PER_SECOND).toString().padStart(9, "0");
  return `${sign}${magnitude / NANOSECONDS_PER_SECOND}.${fraction}`;
}

/** What was asked for, and what the kernel stored for it. */
interface StoredTime {
  readonly requestedNs: bigint;
  readonly storedNs: bigint;
}

interface RememberedTimes {
  readonly accessed: StoredTime | undefined;
  readonly modified: StoredTime | undefined;
}

/**
 * Gives a guest back the exact nanoseconds that it set, as long as the file still carries the time that was stored
 * for them: tools compare the time they set with the time they read (tar, make, rsync). Other processes see the
 * stored time. Holds the latest TIMES_REMEMBERED_MAX files; a forgotten one reads as stored.
 */
export class SetTimesMemory {
  readonly #files = new Map<string, RememberedTimes>();

  /** Notes that `times` were set on a file which reads as `stored` (straight from the kernel) since. */
  remember(times: NewTimes, stored: FileStat): void {
    const key = keyOf(stored);
    const before = this.#files.get(key);
    this.#files.delete(key);
    const accessed = storedTime(times.accessed, stored.accessedNs, before?.accessed);
    const modified = storedTime(times.modified, stored.modifiedNs, before?.modified);
    if (accessed === undefined && modified === undefined) return;
    this.#files.set(key, { accessed, modified });
    if (this.#files.size > TIMES_REMEMBERED_MAX) this.#forgetOldest();
  }

  /** The stat with the times that the guest had set. */
  restore(stat: FileStat): FileStat {
    if (this.#files.size === 0) return stat;
    const times = this.#files.get(keyOf(stat));
    if (times === undefined) return stat;
    return {
      ...stat,
      accessedNs: restoredTime(times.accessed, stat.accessedNs),
      modifiedNs: restoredTime(times.modified, stat.modifiedNs),
    };
  }

  #forgetOldest(): void {
    const oldest = this.#files.keys().next();
    if (oldest.done !== true) this.#files.delete(oldest.value);
  }
}

function keyOf(stat: FileStat): string {
  return `${stat.device}:${stat.inode}`;
}

function storedTime(time: NewTime, storedNs: bigint, before: StoredTime | undefined): StoredTime | undefined {
  if (time === "keep") return before;
  if (time === "now" || time === storedNs) return undefined;
  return { requestedNs: time, storedNs };
}

function restoredTime(time: StoredTime | undefined, currentNs: bigint): bigint {
  return time !== undefined && time.storedNs === currentNs ? time.requestedNs : currentNs;
}
