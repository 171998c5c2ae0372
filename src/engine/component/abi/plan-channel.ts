import { Channel, ChannelEnd } from "../task/channel.ts";
import { channelOfHost } from "../task/host-channel.ts";
import { ErrorContext } from "../task/waitable.ts";
import { isSameType } from "../types/same-type.ts";
import type { ChannelType } from "../types/types.ts";
import { handlePlan } from "./plan-handle.ts";
import { trap } from "./trap.ts";
import { mismatch, type ValuePlan } from "./value-plan.ts";

/** The end of a stream or a future that is read from; the other end stays where it is. */
export function planChannel(type: ChannelType): ValuePlan {
  return handlePlan(
    ({ instance }, index) => {
      const end = endOf(instance.handles.get(index), type, "read");
      if (end.state !== "idle") {
        throw trap(
          end.state === "done"
            ? `cannot lift ${type.kind} after being notified that the writable end dropped`
            : `cannot lift ${type.kind} while it is busy`,
        );
      }
      if (end.set !== undefined) throw trap(`cannot lift ${type.kind} while it's in a waitable set`);
      instance.handles.remove(index);
      return end.channel;
    },
    ({ instance }, value) => {
      const channel = value instanceof Channel ? value : channelOfHost(type, value, instance.store);
      return instance.handles.add(new ChannelEnd(channel, type, "read", instance.store));
    },
  );
}

/** The entry of an index that must be such an end. */
export function endOf(entry: object, type: ChannelType, side: "read" | "write"): ChannelEnd {
  if (!(entry instanceof ChannelEnd) || entry.type.kind !== type.kind) throw trap(`a handle is not a ${type.kind}`);
  if (entry.side !== side) throw trap(`a handle is not the ${side} end of a ${type.kind}`);
  if (!isSameType(entry.type, type)) throw trap(`a handle is a ${type.kind} of another type`);
  return entry;
}

export function planErrorContext(): ValuePlan {
  return handlePlan(
    ({ instance }, index) => {
      const entry = instance.handles.get(index);
      if (entry instanceof ErrorContext) return entry;
      throw trap("a handle is not an error context");
    },
    ({ instance }, value) => {
      if (value instanceof ErrorContext) return instance.handles.add(value);
      if (typeof value === "string") return instance.handles.add(new ErrorContext(value));
      throw mismatch("error-context", value);
    },
  );
}
