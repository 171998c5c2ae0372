export { TtrpcClient } from "./client.ts";
export { TtrpcServer } from "./server.ts";
export { type Call, method, type Method, type Services } from "./service.ts";
