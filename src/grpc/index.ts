export { GrpcClient } from "./client.ts";
export { GrpcServer } from "./server.ts";
