import type { InstanceState } from "../instance/instance-state.ts";
import type { BorrowScope, Lenders } from "../instance/resource.ts";
import { callLimits } from "../limits.ts";
import type { StringEncoding } from "../parser/definitions.ts";
import { trap } from "./trap.ts";

export type FlatValue = number | bigint;

/** A function of core WebAssembly as JavaScript sees it. */
export type CoreFunction = (...parameters: FlatValue[]) => unknown;

export interface ContextOptions {
  readonly encoding: StringEncoding;
  readonly memory: WebAssembly.Memory | undefined;
  readonly realloc: CoreFunction | undefined;
}

const noBytes = new Uint8Array(0);
const noView = new DataView(noBytes.buffer);
const noText = Buffer.from(noBytes.buffer);

/**
 * Where values are read and written: the memory and the allocator that one canonical function names, of one instance.
 * Reading never calls the guest; writing calls its allocator, during which the guest may not call out.
 */
export class AbiContext {
  readonly instance: InstanceState;
  readonly encoding: StringEncoding;
  #memory: WebAssembly.Memory | undefined;
  readonly #realloc: CoreFunction | undefined;
  /** The memory as it is since the guest ran last. */
  bytes: Uint8Array<ArrayBuffer> = noBytes;
  view: DataView = noView;
  /** The same bytes as Node's kind of array, which knows encodings; its `slice` is no copy. */
  text: Buffer<ArrayBuffer> = noText;
  /** How the strings that are being written are encoded where they come from. */
  source: StringEncoding | "host" = "host";
  /** Counts borrows that are given to the guest. */
  scope: BorrowScope | undefined;
  /** Keeps handles that the guest lends. */
  lenders: Lenders | undefined;
  #heapBytesLeft = 0;

  constructor(instance: InstanceState, { encoding, memory, realloc }: ContextOptions) {
    this.instance = instance;
    this.encoding = encoding;
    this.#memory = memory;
    this.#realloc = realloc;
  }

  get memory(): WebAssembly.Memory | undefined {
    return this.#memory;
  }

  /** Gives the memory to a context that was made before its instance was. */
  bindMemory(memory: WebAssembly.Memory): void {
    this.#memory = memory;
  }

  /** Prepares for reading or writing the values of one call. */
  begin(): void {
    this.#heapBytesLeft = callLimits.heapBytesMax;
    this.refresh();
  }

  /** Looks at the memory anew, because the guest may have grown it. */
  refresh(): void {
    const buffer = this.#memory?.buffer;
    if (buffer === undefined || buffer === this.bytes.buffer) return;
    this.bytes = new Uint8Array(buffer);
    this.view = new DataView(buffer);
    this.text = Buffer.from(buffer);
  }

  /** Takes from what the values of one call may weigh on the heap. */
  charge(heapBytes: number): void {
    this.#heapBytesLeft -= heapBytes;
    if (this.#heapBytesLeft < 0) throw trap(`the values of one call need more than "${callLimits.heapBytesMax}" bytes`);
  }

  /** Checks a range of the memory that the guest named. */
  checkRange(pointer: number, size: number, alignment: number, what: string): void {
    if (pointer % alignment !== 0) throw trap(`${what} pointer "${pointer}" not aligned to "${alignment}"`);
    if (pointer + size > this.bytes.length) throw trap(`${what} pointer/length out of bounds of memory`);
  }

  allocate(alignment: number, size: number): number {
    return this.reallocate(0, 0, alignment, size);
  }

  reallocate(pointer: number, oldSize: number, alignment: number, size: number): number {
    if (this.#realloc === undefined) throw trap("there is no allocator");
    this.instance.mayLeave = false;
    const answer = this.#realloc(pointer | 0, oldSize | 0, alignment, size | 0);
    this.instance.mayLeave = true;
    this.refresh();
    const made = typeof answer === "number" ? answer >>> 0 : 0;
    this.checkRange(made, size, alignment, "realloc return:");
    return made;
  }
}
