import { trap } from "../abi/trap.ts";
import { HandleTable } from "./handle-table.ts";
import type { RuntimeResource } from "./resource.ts";
import type { Store } from "../task/store.ts";
import type { Thread } from "../task/thread.ts";

/** What an instance of a component holds while it lives; everything else about it is in its plan. */
export class InstanceState {
  readonly parent: InstanceState | undefined;
  /** What waits in the component that this belongs to. */
  readonly store: Store;
  /** Resources, and what there is to wait for. */
  readonly handles = new HandleTable<object>();
  /** Resource types by the slots of the component's plan. */
  readonly resources: (RuntimeResource | undefined)[];
  /** Whether it may be called: not while it is in a call, and never again after a trap. */
  mayEnter = true;
  /** Whether it may call out: not while values are being made in its memory. */
  mayLeave = true;
  /** Whether a function that it calls may suspend it. */
  maySuspend = false;
  /** Whether it uses functions that belong to a task. */
  usesTasks = false;
  /** How often it asked for no more calls, and did not take it back. */
  backpressure = 0;
  /** Calls that wait to come in. */
  waitingToEnter = 0;
  /** The thread whose guest code may run, of those that may not run beside each other. */
  exclusive: Thread | undefined;

  constructor(parent: InstanceState | undefined, store: Store, slots: number) {
    this.parent = parent;
    this.store = store;
    this.resources = Array.from({ length: slots });
  }

  resource(slot: number): RuntimeResource {
    const resource = this.resources[slot];
    if (resource === undefined) throw trap("a resource type is used before it is there");
    return resource;
  }

  /** Instances that a call from `caller` comes into: this one and those around it that are not around the caller. */
  enteredFrom(caller: InstanceState | undefined): readonly InstanceState[] {
    const around = new Set(caller?.lineage());
    return this.lineage().filter((instance) => !around.has(instance));
  }

  /** This instance and all around it. */
  lineage(): InstanceState[] {
    const lineage: InstanceState[] = [this];
    for (let parent = this.parent; parent !== undefined; parent = parent.parent) lineage.push(parent);
    return lineage;
  }
}

/** Marks instances as being in a call; what is marked stays so where the call traps. */
export function enter(instances: readonly InstanceState[]): void {
  for (const instance of instances) {
    if (!instance.mayEnter) throw trap("cannot enter component instance");
  }
  for (const instance of instances) instance.mayEnter = false;
}

export function leave(instances: readonly InstanceState[]): void {
  for (const instance of instances) instance.mayEnter = true;
}
