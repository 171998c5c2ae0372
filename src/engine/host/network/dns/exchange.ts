import { createSocket, type Socket as DatagramSocket } from "node:dgram";
import type { Socket } from "node:net";
import { formatIpAddress, type IpAddress } from "../ip-address.ts";
import { encodeQuestion, type Question, readReply, type Reply } from "./dns-message.ts";

/** Where name servers listen (RFC 1035). */
export const dnsPort = 53;

/** How questions get to a name server; each call opens a socket of its own, with a port that nobody can guess. */
export interface DnsTransport {
  readonly port: number;
  openUdp(server: IpAddress): Promise<number>;
  connectTcp(server: IpAddress, signal: AbortSignal): Promise<Socket>;
}

/** Asks by one datagram; undefined where no answer came before `signal`. */
export async function askByUdp(
  server: IpAddress,
  question: Question,
  { transport, signal }: { readonly transport: DnsTransport; readonly signal: AbortSignal },
): Promise<Reply | undefined> {
  const fd = await transport.openUdp(server);
  const type = server.family === "ipv6" ? "udp6" : "udp4";
  const socket = createSocket({
    type,
    lookup: (name, _options, give) => give(null, name, server.family === "ipv6" ? 6 : 4),
  });
  const answered = Promise.withResolvers<Reply | undefined>();
  const giveUp = (): void => answered.resolve(undefined);
  socket.on("error", giveUp);
  socket.on("message", (bytes) => {
    const reply = readReply(bytes, question);
    if (reply !== undefined) answered.resolve(reply);
  });
  signal.addEventListener("abort", giveUp);
  if (signal.aborted) giveUp();
  try {
    socket.bind({ fd, exclusive: true });
    await sendConnected(socket, { server, port: transport.port, bytes: encodeQuestion(question) });
    return await answered.promise;
  } finally {
    signal.removeEventListener("abort", giveUp);
    socket.close();
  }
}

/** A connected socket takes datagrams of this server only, and hears where none listens. */
async function sendConnected(
  socket: DatagramSocket,
  { server, port, bytes }: { readonly server: IpAddress; readonly port: number; readonly bytes: Uint8Array },
): Promise<void> {
  const sent = Promise.withResolvers<void>();
  socket.once("error", sent.reject);
  socket.connect(port, formatIpAddress(server), () => {
    socket.send(bytes, (error) => (error === null ? sent.resolve() : sent.reject(error)));
  });
  await sent.promise;
}

/** Asks by a connection, where an answer may have any length that two bytes can say. */
export async function askByTcp(
  server: IpAddress,
  question: Question,
  { transport, signal }: { readonly transport: DnsTransport; readonly signal: AbortSignal },
): Promise<Reply | undefined> {
  using socket = disposing(await transport.connectTcp(server, signal));
  const end = (): void => void socket.destroy();
  signal.addEventListener("abort", end);
  try {
    const bytes = encodeQuestion(question);
    socket.write(Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]));
    const answer = await readPrefixed(socket);
    return answer && readReply(answer, question);
  } finally {
    signal.removeEventListener("abort", end);
  }
}

/** Two bytes of length and as many bytes; undefined where the connection ends before. */
async function readPrefixed(socket: Socket): Promise<Uint8Array | undefined> {
  let bytes = Buffer.alloc(0);
  for await (const chunk of socket) {
    if (!(chunk instanceof Uint8Array)) break;
    bytes = Buffer.concat([bytes, chunk]);
    const end = bytes.length < 2 ? Number.POSITIVE_INFINITY : 2 + bytes.readUInt16BE(0);
    if (bytes.length >= end) return bytes.subarray(2, end);
  }
  return undefined;
}

function disposing(socket: Socket): Socket & Disposable {
  // What happens to it after the answer is nobody's business.
  socket.on("error", () => undefined);
  return Object.assign(socket, { [Symbol.dispose]: () => void socket.destroy() });
}
