import { connect, type Socket } from "node:net";
import { HostError } from "../host-error.ts";
import { formatIpAddress } from "./ip-address.ts";
import type { Endpoint } from "./endpoint.ts";

/** Waits until `socket`, which is on its way there, is connected; a socket that cannot be is destroyed. */
async function whenConnected(socket: Socket, { address, port }: Endpoint, signal: AbortSignal): Promise<Socket> {
  const connected = Promise.withResolvers<Socket>();
  const give = (): void => connected.resolve(socket);
  const fail = (error: unknown): void => connected.reject(error);
  const abort = (): void => void socket.destroy(new HostError("interrupted", "connect: nobody waits for it any more"));
  socket.once("connect", give).once("error", fail);
  signal.addEventListener("abort", abort);
  if (signal.aborted) abort();
  try {
    return await connected.promise;
  } catch (thrown) {
    throw HostError.from(thrown, `connect to "${formatIpAddress(address)}" port "${port}"`);
  } finally {
    socket.off("connect", give).off("error", fail);
    signal.removeEventListener("abort", abort);
  }
}

/** Connects in this process's own network. */
export function connectHere(endpoint: Endpoint, signal: AbortSignal): Promise<Socket> {
  const socket = connect({ host: formatIpAddress(endpoint.address), port: endpoint.port, allowHalfOpen: true });
  socket.pause();
  return whenConnected(socket, endpoint, signal);
}
