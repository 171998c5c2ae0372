import { Socket } from "node:net";
import { HostError } from "../host-error.ts";
import { formatIpAddress } from "./ip-address.ts";
import type { Endpoint } from "./endpoint.ts";

/** How long a connection may take to come about, milliseconds; the kernel itself would try for two minutes. */
const connectMsMax = 60_000;

/**
 * Connects a socket that was opened in the guest's network; it closes its descriptor from here on. What its peer sends
 * is kept until somebody reads it, up to Node's high-water mark, and it stays open for writing when the peer has ended.
 */
export async function connectSocket(fd: number, { address, port }: Endpoint, signal: AbortSignal): Promise<Socket> {
  const connected = Promise.withResolvers<void>();
  const host = formatIpAddress(address);
  const socket = new Socket({ fd, readable: true, writable: true, allowHalfOpen: true });
  const giveUp = (): void => void socket.destroy(new HostError("interrupted", "connect: nobody waits for it any more"));
  const timeOut = (): void => void socket.destroy(new HostError("timed-out", "connect: there is no answer"));
  const timer = setTimeout(timeOut, connectMsMax);
  socket.once("error", connected.reject).once("connect", connected.resolve);
  signal.addEventListener("abort", giveUp);
  // In the same turn, so that the handle is never asked to read from what is no connection yet.
  socket.connect({ host, port });
  if (signal.aborted) giveUp();
  try {
    await connected.promise;
    // Its peer may reset it before anybody listens, which must not end the process; its user finds it errored.
    socket.on("error", () => undefined);
    return socket;
  } catch (thrown) {
    throw HostError.from(thrown, `connect to "${host}" port "${port}"`);
  } finally {
    clearTimeout(timer);
    socket.off("error", connected.reject).off("connect", connected.resolve);
    signal.removeEventListener("abort", giveUp);
  }
}
