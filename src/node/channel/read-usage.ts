import {
  boardHeader,
  type PagePart,
  SLICE_STARTED,
  SLOT_CPU,
  SLOT_GUEST,
  SLOT_MEMORY,
  slotPart,
  THREAD_MARK,
} from "./cell-page.ts";
import { RUN_QUEUE_BYTES, RunQueue } from "./run-queue.ts";

/** What a guest has used so far, as its cell says. */
export interface GuestUsage {
  readonly cpuNanoseconds: number;
  readonly memoryBytes: number;
}

/** Reads a part of a cell's page; shorter where the cell has cut the page. */
export type ReadPart = (part: PagePart) => Uint8Array;

/** The clocks by which the slice under way is measured. */
export interface SliceClocks {
  /** CLOCK_MONOTONIC, nanoseconds. */
  readonly nowNs: number;
  /** What the cell's thread has computed in its life, where the kernel says so. */
  readonly threadCpuNs: () => number | undefined;
}

/** Readings of a slot that changes all the time; the last one is good enough, for its slices are short. */
const READINGS_MAX = 3;

/**
 * What the board says of a guest, with the slice that it is in; undefined where it says nothing. The numbers come from
 * the cell and may be any: only that they are numbers was checked. The cell adds a slice to the guest's time before it
 * lets the next one begin, so a slot that has not changed while the slice was looked at does not hold that slice yet.
 */
export function readUsage(read: ReadPart, guest: number, clocks: SliceClocks): GuestUsage | undefined {
  let slot = readSlot(read, guest);
  for (let reading = 1; slot !== undefined && reading < READINGS_MAX; reading++) {
    const sliceNs = sliceUnderWay(read, guest, clocks);
    const again = readSlot(read, guest);
    if (again?.cpuNanoseconds === slot.cpuNanoseconds) {
      return { cpuNanoseconds: slot.cpuNanoseconds + sliceNs, memoryBytes: again.memoryBytes };
    }
    slot = again;
  }
  return slot;
}

/** The guest that has the thread; undefined where none has. */
export function readRunningGuest(read: ReadPart): number | undefined {
  const bytes = read({ at: 0, bytes: RUN_QUEUE_BYTES });
  const words = new Int32Array(RUN_QUEUE_BYTES / Int32Array.BYTES_PER_ELEMENT);
  new Uint8Array(words.buffer).set(bytes);
  return new RunQueue(words).running();
}

function readSlot(read: ReadPart, guest: number): GuestUsage | undefined {
  const numbers = readNumbers(read, slotPart(guest));
  const [cpuNanoseconds, memoryBytes] = [numbers[SLOT_CPU], numbers[SLOT_MEMORY]];
  if (numbers[SLOT_GUEST] !== guest || !isAmount(cpuNanoseconds) || !isAmount(memoryBytes)) return undefined;
  return { cpuNanoseconds, memoryBytes };
}

/** 0 where another guest has the thread. */
function sliceUnderWay(read: ReadPart, guest: number, { nowNs, threadCpuNs }: SliceClocks): number {
  if (readRunningGuest(read) !== guest) return 0;
  const numbers = readNumbers(read, boardHeader);
  const [startedNs, markNs] = [numbers[SLICE_STARTED], numbers[THREAD_MARK]];
  if (!isAmount(startedNs) || !isAmount(markNs)) return 0;
  const computedNs = threadCpuNs() ?? Number.POSITIVE_INFINITY;
  return Math.max(Math.min(nowNs - startedNs, computedNs - markNs), 0);
}

function readNumbers(read: ReadPart, part: PagePart): Float64Array {
  const bytes = new Uint8Array(part.bytes);
  bytes.set(read(part));
  return new Float64Array(bytes.buffer);
}

function isAmount(value: number | undefined): value is number {
  return value !== undefined && Number.isFinite(value) && value >= 0;
}
