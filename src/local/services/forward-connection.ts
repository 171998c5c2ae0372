import { connect, type Socket } from "node:net";
import type { Target } from "./balancer-messages.ts";
import type { CarriedConnections } from "./carried-connections.ts";

/** How long one pod may take to accept on loopback before the next is tried; a full backlog is the only slow case. */
const CONNECT_TIMEOUT_MS = 2_000;

/** Pods tried for one connection: enough to pass a rollout's dead ones, few enough to fail soon. */
const CONNECT_ATTEMPTS_MAX = 5;

/**
 * Connects `client` to the first target that accepts and copies bytes both ways until both have ended. A client that
 * nobody accepts is reset, as a cluster's proxy does. Resolves with the target that took it, or undefined.
 */
export async function forwardConnection(
  client: Socket,
  order: readonly Target[],
  carried: CarriedConnections,
): Promise<Target | undefined> {
  client.on("error", ignoreResetOfPeer);
  for (const target of order.slice(0, CONNECT_ATTEMPTS_MAX)) {
    const connection = carried.open(target.address);
    const upstream = await connectTo(target);
    if (upstream === undefined || client.destroyed) connection.close();
    if (upstream === undefined) continue;
    if (client.destroyed) {
      upstream.destroy();
      return undefined;
    }
    join(client, upstream);
    connection.carry(client, upstream);
    return target;
  }
  client.resetAndDestroy();
  return undefined;
}

function connectTo(target: Target): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host: target.address, port: target.port, noDelay: true, allowHalfOpen: true });
    const timer = setTimeout(() => socket.destroy(), CONNECT_TIMEOUT_MS);
    socket.on("error", ignoreResetOfPeer);
    socket.once("connect", () => {
      clearTimeout(timer);
      resolve(socket);
    });
    socket.once("close", () => {
      clearTimeout(timer);
      resolve(undefined);
    });
  });
}

/** `pipe` brings back-pressure and passes each side's end on by itself; both sockets allow a half-open connection. */
function join(client: Socket, upstream: Socket): void {
  client.pipe(upstream);
  upstream.pipe(client);
  passResetOn(client, upstream);
  passResetOn(upstream, client);
}

function passResetOn(from: Socket, to: Socket): void {
  from.once("close", (hadError) => {
    if (hadError) to.resetAndDestroy();
  });
}

/** "close" follows with its flag and does the work; without a listener an "error" event would end the process. */
function ignoreResetOfPeer(): void {
  return undefined;
}
