import type { CoreFunction } from "../abi/context.ts";
import { handleOf } from "../abi/plan-handle.ts";
import { trap, trapOf } from "../abi/trap.ts";
import { linkedFunction } from "../task/linked-function.ts";
import { enter, type InstanceState, leave } from "./instance-state.ts";
import { ResourceHandle } from "./resource.ts";

function checkMayLeave(instance: InstanceState): void {
  if (!instance.mayLeave) throw trap("cannot leave component instance");
}

/** Makes a handle that owns what the guest calls by a number. */
export function resourceNew(instance: InstanceState, slot: number): CoreFunction {
  return linkedFunction(instance.store, ([representation]) => {
    checkMayLeave(instance);
    return instance.handles.add(new ResourceHandle(instance.resource(slot), Number(representation) | 0, undefined));
  });
}

export function resourceRepresentation(instance: InstanceState, slot: number): CoreFunction {
  return linkedFunction(instance.store, ([index]) => {
    const handle = handleOf(instance.handles.get(Number(index) >>> 0), instance.resource(slot));
    return handle.representation;
  });
}

/** Drops a handle; the resource is ended with the one that owns it. */
export function resourceDrop(instance: InstanceState, slot: number): CoreFunction {
  return linkedFunction(instance.store, ([number]) => {
    checkMayLeave(instance);
    const type = instance.resource(slot);
    const index = Number(number) >>> 0;
    const handle = handleOf(instance.handles.get(index), type);
    if (handle.lends > 0) throw trap("cannot remove owned resource while borrowed");
    instance.handles.remove(index);
    if (handle.scope !== undefined) handle.scope.borrows -= 1;
    else destroy(handle, instance);
    return undefined;
  });
}

function destroy({ type, representation }: ResourceHandle, caller: InstanceState): void {
  if (type.owner === undefined) {
    try {
      type.destroy?.(representation);
    } catch (error) {
      throw trapOf(error);
    }
    return;
  }
  const entered = type.owner.enteredFrom(caller);
  enter(entered);
  type.destroy?.(representation);
  leave(entered);
}
