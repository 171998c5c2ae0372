/**
 * Values of the component model as JavaScript sees them. Which of these a function takes and gives is fixed by its
 * type:
 *
 * - bool: boolean; s8 to u32, f32, f64: number; s64, u64: bigint; char, string, enum: string;
 * - list<u8>: Uint8Array, a copy (an array of numbers is taken as well); every other list and map: array (a map's entries are pairs); tuple: array;
 * - record: an object with the names of the WIT text unchanged, such as "read-only";
 * - option: the value or undefined; an option of an option is `{ some: value }` or undefined, so that both stay apart;
 * - result: `{ tag: "ok" | "err", value }`; variant: `{ tag, value }`, where a case without a payload has no value;
 * - flags: a set of the names that are set;
 * - stream to a guest: an async iterable of chunks, bytes as `Uint8Array`, other elements as arrays, or a `StreamSource`;
 *   from a guest: an object for `chunksOf` or `drainStream`; future to a guest: `{ future: Promise }`; from a guest: an
 *   object for `valueOfFuture`;
 * - own and borrow of a host's resource: the host's object itself; of a guest's resource: a `GuestResource`.
 */
export type ComponentValue =
  | undefined
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | ReadonlySet<string>
  | readonly ComponentValue[]
  | { readonly [name: string]: ComponentValue }
  | object;

/**
 * A function of the host. It is called with one argument for each parameter. What it throws ends the guest: an error
 * of `makeUncatchableError` as it is, anything else as the cause of such an error.
 */
export type HostFunction = (...parameters: never[]) => unknown;

/**
 * A function of the host that may answer with a promise; the guest's stack is suspended until it is settled. Marking
 * it is what lets all other functions cost nothing extra.
 */
export interface SuspendingFunction {
  readonly suspending: HostFunction;
}

/** Marks a function of the host as one that may answer with a promise. */
export function suspending(call: HostFunction): SuspendingFunction {
  return { suspending: call };
}

/** What a function of the host of async type answers with where it has to wait and its guest may lose interest. */
export class CancellableAnswer {
  readonly answer: Promise<unknown>;
  /** Called at most once, and only before `answer` is settled; it may then stay so for ever. */
  readonly cancel: () => void;

  constructor(answer: Promise<unknown>, cancel: () => void) {
    this.answer = answer;
    this.cancel = cancel;
  }
}

/** Where the elements of a stream to a guest come from: asked when the guest reads, and never before. */
export interface StreamSource {
  /**
   * At most so many elements; none where there is nothing yet. Asked for none, it answers with an empty piece where
   * there would be one. What it throws ends the guest.
   */
  read(elementsMax: number): Uint8Array | readonly ComponentValue[] | "ended" | undefined;
  /** Calls back once, later, when `read` may have something to say; the answer takes that back. */
  onReadable(callback: () => void): () => void;
  /** Nobody reads any more, or the end was told. Called once, unless the guest ends before. */
  close(): void;
}

/** Where the elements of a guest's stream go to. */
export interface StreamSink {
  /** How many elements `write` takes now. Throws where there will never be room again. */
  capacity(): number;
  write(elements: ComponentValue): void;
  /** Calls back once, later, when there may be room. */
  onWritable(callback: () => void): void;
}

/** Who has a say in when the guest code of an instance runs, and is told when it does. */
export interface Supervision {
  /** Guest code is about to run; telling it twice means nothing more. */
  enter(): void;
  /** The guest code waits or is done; nothing to say where nobody came in. */
  leave(): void;
  /** Asked before code that waited goes on; it waits for what is answered. A rejection ends the instance. */
  admit(): Promise<void> | undefined;
}

/** A resource type of the host: any object may be one. Guests hold it by handle. */
export interface HostResource {
  /** Called once when a guest drops the handle that owns the object. */
  readonly drop?: (object: never) => void;
}

/** What the host offers under one interface name. Names are as in WIT: `[method]input-stream.read`, `input-stream`. */
export interface HostInterface {
  readonly functions: Readonly<Record<string, HostFunction | SuspendingFunction>>;
  readonly resources: Readonly<Record<string, HostResource>>;
}

/**
 * What a component is instantiated with: interfaces by their full name with version (`wasi:io/streams@0.2.12`), where
 * a guest that asks for another patch of the same minor version is given it, and functions by plain name.
 */
export interface HostImports {
  readonly interfaces: Readonly<Record<string, HostInterface>>;
  /** Finds an interface by its name and version; where there is such a function, `interfaces` is not looked at. */
  readonly find?: (name: string) => HostInterface | undefined;
  readonly functions?: Readonly<Record<string, HostFunction | SuspendingFunction>>;
  /** Makes what is called in the place of a function that is not offered; without it such an import is refused. */
  readonly unknown?: (label: string) => HostFunction;
  /** Called before each call of a function; what it throws ends the guest. */
  readonly beforeCall?: () => void;
  /** What a component that was composed with the first one is given instead, by its name; without it all have the same. */
  readonly part?: (name: string) => HostImports;
}
