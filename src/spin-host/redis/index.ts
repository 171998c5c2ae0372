export { parseRedisAddress } from "./redis-address.ts";
export { RedisClient } from "./redis-client.ts";
