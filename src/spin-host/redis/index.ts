export { parseRedisAddress } from "./redis-address.ts";
export { RedisSubscription } from "./redis-subscription.ts";
export { RedisClient } from "./redis-client.ts";
