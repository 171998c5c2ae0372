import { trap } from "../abi/trap.ts";
import type { ChannelType, ValueType } from "../types/types.ts";
import type { InstanceState } from "../instance/instance-state.ts";
import type { ComponentValue } from "../values.ts";
import { Waitable } from "./waitable.ts";
import type { Store } from "./store.ts";

export const copyResults = { completed: 0, dropped: 1, cancelled: 2 } as const;
export type CopyResult = (typeof copyResults)[keyof typeof copyResults];

/** Where elements are copied from or to. */
export interface CopyBuffer {
  /** Elements that it still has, or has room for. */
  readonly remaining: number;
  readonly isEmpty: boolean;
  take(count: number): ComponentValue;
  put(values: ComponentValue, count: number): void;
}

interface Pending {
  /** The guest's end that it is for; none where it is the host's. */
  readonly end?: ChannelEnd;
  readonly owner: InstanceState | undefined;
  readonly buffer: CopyBuffer;
  readonly isRead: boolean;
  /** Elements were copied and there may be more; `reclaim` ends the copy. */
  readonly onCopy: (reclaim: () => void) => void;
  readonly onDone: (result: CopyResult) => void;
}

export type Copy = Omit<Pending, "isRead">;

/** A stream or a future: at most one side waits for the other, with its buffer. */
export class Channel {
  readonly kind: "stream" | "future";
  readonly element: ValueType | undefined;
  #pending: Pending | undefined;
  #isDropped = false;

  constructor(kind: "stream" | "future", element: ValueType | undefined) {
    this.kind = kind;
    this.element = element;
  }

  read(copy: Copy): void {
    this.#copy({ ...copy, isRead: true });
  }

  write(copy: Copy): void {
    this.#copy({ ...copy, isRead: false });
  }

  /** Ends the copy of that end where it waits for the other side still, with what was copied so far. */
  cancel(end: ChannelEnd): void {
    const pending = this.#pending;
    if (pending?.end === end && (!end.hasPendingEvent || pending.buffer.remaining > 0)) {
      this.#finishPending(copyResults.cancelled);
    }
  }

  drop(): void {
    if (this.#isDropped) return;
    this.#isDropped = true;
    if (this.#pending !== undefined) this.#finishPending(copyResults.dropped);
  }

  #finishPending(result: CopyResult): void {
    const pending = this.#pending;
    this.#pending = undefined;
    pending?.onDone(result);
  }

  #copy(mine: Pending): void {
    const other = this.#pending;
    if (this.#isDropped) {
      mine.onDone(copyResults.dropped);
    } else if (other === undefined) {
      this.#pending = mine;
    } else {
      this.#meet(mine, other);
    }
  }

  #meet(mine: Pending, other: Pending): void {
    const isSame = mine.owner !== undefined && mine.owner === other.owner;
    if (isSame && !isNumber(this.element)) {
      throw trap(`cannot read from and write to intra-component ${this.kind} of such elements`);
    }
    if (other.buffer.remaining > 0) {
      this.#transfer(mine, other);
    } else if (!mine.isRead && mine.buffer.isEmpty && other.buffer.isEmpty) {
      mine.onDone(copyResults.completed);
    } else {
      this.#finishPending(copyResults.completed);
      this.#pending = mine;
    }
  }

  #transfer(mine: Pending, other: Pending): void {
    const count = Math.min(mine.buffer.remaining, other.buffer.remaining);
    if (count > 0) {
      const [from, to] = mine.isRead ? [other.buffer, mine.buffer] : [mine.buffer, other.buffer];
      to.put(from.take(count), count);
      if (this.kind === "future") this.#finishPending(copyResults.completed);
      else other.onCopy(() => this.#reclaim(other));
    }
    mine.onDone(copyResults.completed);
  }

  #reclaim(pending: Pending): void {
    if (this.#pending === pending) this.#pending = undefined;
  }
}

function isNumber(element: ValueType | undefined): boolean {
  if (element === undefined) return true;
  return element.kind === "primitive" && /^(?:[su](?:8|16|32|64)|f32|f64)$/.test(element.type);
}

export type CopyState = "idle" | "copying" | "cancelling" | "done";

/** One end of a stream or a future, in an instance's table. */
export class ChannelEnd extends Waitable {
  readonly channel: Channel;
  /** The type by the name that the instance's component has for it. */
  readonly type: ChannelType;
  readonly side: "read" | "write";
  state: CopyState = "idle";

  constructor(channel: Channel, type: ChannelType, side: "read" | "write", store: Store) {
    super(store);
    this.channel = channel;
    this.type = type;
    this.side = side;
  }

  get isCopying(): boolean {
    return this.state === "copying" || this.state === "cancelling";
  }

  drop(): void {
    if (this.isCopying) throw trap(`cannot remove busy ${this.channel.kind}`);
    if (this.channel.kind === "future" && this.side === "write" && this.state !== "done") {
      throw trap("cannot drop future write end without first writing a value");
    }
    this.channel.drop();
    this.join(undefined);
  }
}
