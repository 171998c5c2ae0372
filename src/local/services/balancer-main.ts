/**
 * Entry of the balancer process: Services' connections flow here, never through control. Its parent feeds it over
 * Node's IPC channel; when the channel ends, the parent is gone and this process goes too.
 */
import { systemClock } from "#base";
import { Balancer } from "./balancer.ts";
import type { FromBalancer, ToBalancer } from "./balancer-messages.ts";

const balancer = new Balancer(systemClock, send);

process.on("message", (message: ToBalancer) => void balancer.handle(message));
process.on("disconnect", () => process.exit(0));
// A terminal's Ctrl-C reaches the whole process group; control decides when Services end.
process.on("SIGINT", () => undefined);
send({ kind: "ready" });

function send(message: FromBalancer): void {
  if (process.connected) process.send?.(message);
}
