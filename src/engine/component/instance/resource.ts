import { trap } from "../abi/trap.ts";
import type { InstanceState } from "./instance-state.ts";

/** A resource type of one instance, or of the host. */
export class RuntimeResource {
  readonly name: string;
  /** The instance that defines the type; none where it is the host's. */
  readonly owner: InstanceState | undefined;
  /** Ends a resource: called with what stands for it. */
  readonly destroy: ((representation: unknown) => unknown) | undefined;

  constructor(name: string, owner: InstanceState | undefined, destroy: RuntimeResource["destroy"]) {
    this.name = name;
    this.owner = owner;
    this.destroy = destroy;
  }
}

/** Counts the borrows that a call was given and has not dropped. */
export interface BorrowScope {
  borrows: number;
}

/** Remembers the handles that were lent to a call, until it has returned. */
export class Lenders {
  readonly #handles: ResourceHandle[] = [];

  add(handle: ResourceHandle): void {
    handle.lends += 1;
    this.#handles.push(handle);
  }

  release(): void {
    for (const handle of this.#handles) handle.lends -= 1;
    this.#handles.length = 0;
  }
}

/** An entry of an instance's table: a resource that it owns or has borrowed. */
export class ResourceHandle {
  readonly type: RuntimeResource;
  /** The number by which its instance knows the resource, or the host's object. */
  readonly representation: unknown;
  /** The call that a borrow is for; none where the handle owns. */
  readonly scope: BorrowScope | undefined;
  /** Calls that have borrowed from this handle and not returned. */
  lends = 0;

  constructor(type: RuntimeResource, representation: unknown, scope: BorrowScope | undefined) {
    this.type = type;
    this.representation = representation;
    this.scope = scope;
  }
}

/** A resource of a guest on its way to another one, or in the host's hands. */
export class GuestResource {
  readonly type: RuntimeResource;
  readonly #representation: unknown;
  #taken = false;

  constructor(type: RuntimeResource, representation: unknown) {
    this.type = type;
    this.#representation = representation;
  }

  /** What its instance knows it by. */
  get representation(): unknown {
    if (this.#taken) throw trap(`a "${this.type.name}" is used after it was given away`);
    return this.#representation;
  }

  /** Gives it away; it can be given away once. */
  take(): unknown {
    const representation = this.representation;
    this.#taken = true;
    return representation;
  }
}

/** The resource of type `type` that a value means. */
export function representationOf(value: unknown, type: RuntimeResource, isOwn: boolean): unknown {
  if (type.owner === undefined) {
    if (typeof value === "object" && value !== null && !(value instanceof GuestResource)) return value;
    throw new TypeError(`a value is not a resource of type "${type.name}"`);
  }
  if (!(value instanceof GuestResource) || value.type !== type) {
    throw new TypeError(`a value is not a resource of type "${type.name}"`);
  }
  return isOwn ? value.take() : value.representation;
}
