import { GuestResource, representationOf, ResourceHandle, type RuntimeResource } from "../instance/resource.ts";
import type { ComponentValue } from "../values.ts";
import type { AbiContext } from "./context.ts";
import { trap } from "./trap.ts";
import { nextInteger, type ValuePlan } from "./value-plan.ts";

/** A handle of a resource, whose type is in a slot of the instance. */
export function planHandle(slot: number, isOwn: boolean): ValuePlan {
  const read = isOwn ? liftOwn : liftBorrow;
  const write = isOwn ? lowerOwn : lowerBorrow;
  return handlePlan(
    (context, index) => read(context, context.instance.resource(slot), index),
    (context, value) => write(context, context.instance.resource(slot), value),
  );
}

/** A type that is a number in the guest and something else in JavaScript. */
export function handlePlan(
  read: (context: AbiContext, index: number) => ComponentValue,
  write: (context: AbiContext, value: ComponentValue) => number,
): ValuePlan {
  return {
    size: 4,
    alignment: 4,
    flat: ["i32"],
    heapBytes: 64,
    load: (context, pointer) => read(context, context.view.getUint32(pointer, true)),
    store: (context, pointer, value) => context.view.setUint32(pointer, write(context, value), true),
    lift: (context, reader) => read(context, nextInteger(reader) >>> 0),
    lower: (context, value, flat) => void flat.push(write(context, value)),
  };
}

/** The entry of an index that must be a handle of that type. */
export function handleOf(entry: object, type: RuntimeResource): ResourceHandle {
  if (!(entry instanceof ResourceHandle)) throw trap("a handle is not one of a resource");
  if (entry.type !== type) {
    throw trap(
      `handle index used with the wrong type, expected guest-defined resource but found a different one ("${type.name}")`,
    );
  }
  return entry;
}

function valueOf({ type, representation }: ResourceHandle): ComponentValue {
  if (type.owner !== undefined) return new GuestResource(type, representation);
  // What stands for a resource of the host is the object that the host gave.
  return representation as object;
}

function liftOwn({ instance }: AbiContext, type: RuntimeResource, index: number): ComponentValue {
  const handle = handleOf(instance.handles.get(index), type);
  if (handle.scope !== undefined) throw trap("cannot lift own resource from a borrow");
  if (handle.lends > 0) throw trap("cannot remove owned resource while borrowed");
  instance.handles.remove(index);
  return valueOf(handle);
}

function liftBorrow({ instance, lenders }: AbiContext, type: RuntimeResource, index: number): ComponentValue {
  const handle = handleOf(instance.handles.get(index), type);
  lenders?.add(handle);
  return valueOf(handle);
}

function lowerOwn({ instance }: AbiContext, type: RuntimeResource, value: ComponentValue): number {
  return instance.handles.add(new ResourceHandle(type, representationOf(value, type, true), undefined));
}

/** The instance that defines the type is given what it knows the resource by; others are given a handle. */
function lowerBorrow({ instance, scope }: AbiContext, type: RuntimeResource, value: ComponentValue): number {
  const representation = representationOf(value, type, false);
  if (type.owner === instance) return Number(representation);
  if (scope === undefined) throw trap("a borrow has no call that it is for");
  const index = instance.handles.add(new ResourceHandle(type, representation, scope));
  scope.borrows += 1;
  return index;
}
