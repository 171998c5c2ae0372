import { KwasmError } from "#base";

/** The protocol's own limit of a message: messageLengthMax in channel.go of containerd/ttrpc. */
export const MESSAGE_BYTES_MAX = 4 * 1024 * 1024;

/** Length, stream and type with flags: PROTOCOL.md of containerd/ttrpc. */
const HEADER_BYTES = 10;

/** `cancel` is ours, and is sent between processes of this project only: its call is not to be answered. */
export const frameType = { request: 1, response: 2, cancel: 0x7f } as const;
/** A request that other messages of its stream would follow; only streaming calls set it. */
export const REMOTE_OPEN = 0x2;

/** One message of a connection. */
export interface Frame {
  /** Odd: clients choose them, and each call has one of its own. */
  readonly stream: number;
  readonly type: number;
  readonly flags: number;
  readonly payload: Uint8Array;
}

/** Throws `limit-exceeded` for a payload that no peer would take. */
export function encodeFrame({ stream, type, flags, payload }: Frame): Buffer {
  if (payload.byteLength > MESSAGE_BYTES_MAX) throw tooLong(payload.byteLength);
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + payload.byteLength);
  bytes.writeUInt32BE(payload.byteLength, 0);
  bytes.writeUInt32BE(stream, 4);
  bytes.writeUInt8(type, 8);
  bytes.writeUInt8(flags, 9);
  bytes.set(payload, HEADER_BYTES);
  return bytes;
}

/** Puts frames together from whatever pieces a connection delivers. Knows nothing of sockets. */
export class FrameSplitter {
  #pieces: Uint8Array[] = [];
  #size = 0;
  #needed = HEADER_BYTES;

  /**
   * Takes the next piece and returns the frames that it completes. Throws `limit-exceeded` as soon as a header
   * declares more than MESSAGE_BYTES_MAX; the connection is of no use then.
   */
  push(piece: Uint8Array): Frame[] {
    this.#pieces.push(piece);
    this.#size += piece.byteLength;
    // A long message in small pieces is joined once, when all of it is there.
    if (this.#size < this.#needed) return [];
    const bytes = Buffer.concat(this.#pieces, this.#size);
    const { frames, used, needed } = splitFrames(bytes);
    const rest = bytes.subarray(used);
    this.#pieces = rest.byteLength === 0 ? [] : [rest];
    this.#size = rest.byteLength;
    this.#needed = needed;
    return frames;
  }
}

/** `needed` is how many bytes from `used` on make the next step possible. */
function splitFrames(bytes: Buffer): { frames: Frame[]; used: number; needed: number } {
  const frames: Frame[] = [];
  let used = 0;
  while (bytes.byteLength - used >= HEADER_BYTES) {
    const length = bytes.readUInt32BE(used);
    if (length > MESSAGE_BYTES_MAX) throw tooLong(length);
    const end = used + HEADER_BYTES + length;
    if (end > bytes.byteLength) return { frames, used, needed: end - used };
    frames.push({
      stream: bytes.readUInt32BE(used + 4),
      type: bytes.readUInt8(used + 8),
      flags: bytes.readUInt8(used + 9),
      payload: bytes.subarray(used + HEADER_BYTES, end),
    });
    used = end;
  }
  return { frames, used, needed: HEADER_BYTES };
}

function tooLong(length: number): KwasmError {
  return new KwasmError(
    "limit-exceeded",
    `exchange a ttrpc message of "${String(length)}" bytes: the protocol allows ${String(MESSAGE_BYTES_MAX)}; send less`,
  );
}
