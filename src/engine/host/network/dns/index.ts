export { dnsPort } from "./exchange.ts";
export { parseResolvConf } from "./resolv-conf.ts";
export { Resolver } from "./resolver.ts";
