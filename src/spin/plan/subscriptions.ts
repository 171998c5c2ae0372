import { KwasmError } from "#base";
import type { RedisTrigger, SpinApplication } from "../application.ts";
import { spinLimits } from "../limits.ts";
import { redisPlaceOf } from "../outbound/redis-place.ts";
import { shown } from "../table.ts";
import type { VariableValues } from "../variables/resolve-variables.ts";
import type { SubscriptionSpec } from "./application-spec.ts";

/** The address of a trigger, a template: its own, else the application's. */
export function addressOf(
  { address }: Pick<RedisTrigger, "address">,
  { redisAddress = "" }: Pick<SpinApplication, "redisAddress">,
): string {
  return address ?? redisAddress;
}

/**
 * Puts the channels of one server together, as Spin's trigger does. Throws `invalid-argument` for what is no address, which is
 * not shown: it may have a password.
 */
export function planSubscriptions(
  application: Pick<SpinApplication, "name" | "redisAddress">,
  triggers: readonly RedisTrigger[],
  values: VariableValues,
): readonly SubscriptionSpec[] {
  const servers = new Map<string, SubscriptionPlan>();
  for (const trigger of triggers) {
    const address = values.expand(addressOf(trigger, application));
    const outbound = redisPlaceOf(address);
    if (outbound === undefined) throw noAddress(trigger);
    const channel = values.expand(trigger.channel);
    const { channels } = servers.getOrInsertComputed(address, () => ({ outbound, channels: new Map() }));
    channels.getOrInsertComputed(channel, () => []).push(trigger.component);
  }
  if (servers.size > spinLimits.subscriptionsMax) throw tooMany(application.name);
  return Array.from(servers, ([address, { outbound, channels }]) => ({ address, outbound, channels: [...channels] }));
}

interface SubscriptionPlan {
  readonly outbound: string;
  readonly channels: Map<string, string[]>;
}

function noAddress({ id }: RedisTrigger): KwasmError {
  return new KwasmError(
    "invalid-argument",
    `start trigger "${shown(id)}": its address is none of Redis; write it as redis://HOST:PORT`,
  );
}

function tooMany(name: string): KwasmError {
  return new KwasmError(
    "limit-exceeded",
    `start Spin application "${shown(name)}": it listens to more than ${String(spinLimits.subscriptionsMax)} servers of Redis`,
  );
}
