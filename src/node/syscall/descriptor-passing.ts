import { closeSync } from "node:fs";
import { getRawPointer } from "node:ffi";

import { KwasmError } from "#base";

import { checked, libc, SystemCallError } from "./libc.ts";

/** The kernel refuses more file descriptors than this in one message (SCM_MAX_FD, unix(7)). */
export const DESCRIPTORS_PER_MESSAGE_MAX = 253;

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_SEQPACKET = 5;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const MSG_CMSG_CLOEXEC = 0x40000000;
const MSG_CTRUNC = 8;

/** struct msghdr, iovec and cmsghdr of a 64-bit Linux, offsets in bytes (recvmsg(2), cmsg(3)). */
const MESSAGE_HEADER_BYTES = 56;
const MESSAGE_FLAGS_OFFSET = 48;
const CONTROL_HEADER_BYTES = 16;
const DESCRIPTOR_BYTES = 4;

/** A pair of connected Unix sockets, both closed on exec. */
export function createSocketPair(kind: "stream" | "packets"): [number, number] {
  const pair = new Int32Array(2);
  const type = kind === "stream" ? SOCK_STREAM : SOCK_SEQPACKET;
  checked("socketpair", libc.socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, pair));
  return [pair[0] ?? -1, pair[1] ?? -1];
}

/** Several pairs at once, or none: where one cannot be made, those before it are closed. */
export function createSocketPairs<Kinds extends readonly ("stream" | "packets")[]>(
  kinds: readonly [...Kinds],
  create = createSocketPair,
): { [Index in keyof Kinds]: [number, number] } {
  const pairs: [number, number][] = [];
  try {
    for (const kind of kinds) pairs.push(create(kind));
    return pairs as { [Index in keyof Kinds]: [number, number] };
  } catch (error) {
    for (const fd of pairs.flat()) closeSync(fd);
    throw KwasmError.from(error, `create ${String(kinds.length)} pairs of sockets`);
  }
}

/**
 * Hands descriptors over a packet socket, with `tag` (a number the receiver matches with its request) as the packet's
 * data. The caller still owns its own descriptors afterwards. Never blocks: a receiver that reads nothing ends in
 * `unavailable`.
 */
export function sendDescriptors(socket: number, tag: number, descriptors: readonly number[]): void {
  if (descriptors.length > DESCRIPTORS_PER_MESSAGE_MAX) throw tooMany(descriptors.length);
  const message = new Message(descriptors.length);
  message.data.setUint32(0, tag, true);
  message.writeDescriptors(descriptors);
  try {
    checked("sendmsg", libc.sendmsg(socket, message.header, MSG_DONTWAIT | MSG_NOSIGNAL));
  } catch (error) {
    if (error instanceof SystemCallError && error.code === "EAGAIN") throw receiverIsStuck(error);
    throw KwasmError.from(error, `hand over ${String(descriptors.length)} descriptors`);
  }
}

/** Takes the next packet and its descriptors, which the caller owns from here on; undefined when none has come. */
export function receiveDescriptors(socket: number): { tag: number; descriptors: number[] } | undefined {
  const message = new Message(DESCRIPTORS_PER_MESSAGE_MAX);
  try {
    const bytes = checked("recvmsg", libc.recvmsg(socket, message.header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC));
    if (bytes === 0) return undefined;
  } catch (error) {
    if (error instanceof SystemCallError && error.code === "EAGAIN") return undefined;
    throw KwasmError.from(error, "take descriptors");
  }
  const descriptors = message.readDescriptors();
  if (message.isTruncated()) {
    for (const descriptor of descriptors) closeSync(descriptor);
    throw new KwasmError(
      "limit-exceeded",
      "take descriptors: this process may not open that many; raise RLIMIT_NOFILE",
    );
  }
  return { tag: message.data.getUint32(0, true), descriptors };
}

/** One msghdr with its data and control buffers; it keeps all three reachable while the kernel looks at them. */
class Message {
  // Explicit buffers: a small typed array made by length may live in V8's heap, where the collector moves it.
  readonly header = new Uint8Array(new ArrayBuffer(MESSAGE_HEADER_BYTES));
  readonly data = new DataView(new ArrayBuffer(4));
  readonly #vector = new BigUint64Array(new ArrayBuffer(16));
  readonly #control: DataView;

  constructor(descriptorCount: number) {
    const payload = descriptorCount * DESCRIPTOR_BYTES;
    // CMSG_SPACE rounds up to a word.
    this.#control = new DataView(new ArrayBuffer(CONTROL_HEADER_BYTES + Math.ceil(payload / 8) * 8));
    this.#vector[0] = getRawPointer(this.data);
    this.#vector[1] = BigInt(this.data.byteLength);
    const header = new DataView(this.header.buffer);
    header.setBigUint64(16, getRawPointer(this.#vector), true);
    header.setBigUint64(24, 1n, true);
    header.setBigUint64(32, getRawPointer(this.#control), true);
    header.setBigUint64(40, BigInt(descriptorCount === 0 ? 0 : this.#control.byteLength), true);
  }

  writeDescriptors(descriptors: readonly number[]): void {
    if (descriptors.length === 0) return;
    this.#control.setBigUint64(0, BigInt(CONTROL_HEADER_BYTES + descriptors.length * DESCRIPTOR_BYTES), true);
    this.#control.setInt32(8, SOL_SOCKET, true);
    this.#control.setInt32(12, SCM_RIGHTS, true);
    for (const [index, descriptor] of descriptors.entries()) {
      this.#control.setInt32(CONTROL_HEADER_BYTES + index * DESCRIPTOR_BYTES, descriptor, true);
    }
  }

  readDescriptors(): number[] {
    const header = new DataView(this.header.buffer);
    if (header.getBigUint64(40, true) < BigInt(CONTROL_HEADER_BYTES)) return [];
    if (this.#control.getInt32(8, true) !== SOL_SOCKET || this.#control.getInt32(12, true) !== SCM_RIGHTS) return [];
    const payload = Number(this.#control.getBigUint64(0, true)) - CONTROL_HEADER_BYTES;
    return Array.from({ length: Math.floor(payload / DESCRIPTOR_BYTES) }, (_, index) =>
      this.#control.getInt32(CONTROL_HEADER_BYTES + index * DESCRIPTOR_BYTES, true),
    );
  }

  isTruncated(): boolean {
    return (new DataView(this.header.buffer).getInt32(MESSAGE_FLAGS_OFFSET, true) & MSG_CTRUNC) !== 0;
  }
}

function tooMany(count: number): KwasmError {
  return new KwasmError(
    "limit-exceeded",
    `hand over ${String(count)} descriptors: the kernel passes ${String(DESCRIPTORS_PER_MESSAGE_MAX)} at most; ` +
      "mount fewer volumes or open fewer ports",
  );
}

function receiverIsStuck(cause: Error): KwasmError {
  return new KwasmError("unavailable", "hand over descriptors: the receiver does not take any more", { cause });
}
