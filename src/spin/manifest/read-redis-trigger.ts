import type { RedisTrigger, SpinApplication } from "../application.ts";
import type { Table } from "../table.ts";

/** What a trigger says of its channel: `TriggerConfig` of crates/trigger-redis of Spin. */
export function readChannel(table: Table): Pick<RedisTrigger, "channel" | "address"> {
  const address = table.text("address");
  return { channel: table.requiredText("channel"), ...(address === undefined ? {} : { address }) };
}

/** The address of all triggers that name none. */
export function readRedisAddress(common: Table | undefined): Pick<SpinApplication, "redisAddress"> {
  const address = common?.text("address");
  return address === undefined ? {} : { redisAddress: address };
}
