import { HostError } from "../host-error.ts";
import type { OpenedSocket, SocketOption } from "./guest-socket.ts";

/** What Linux answers of a new socket (tcp(7), socket(7), ip(7)). */
const defaults: Readonly<Record<SocketOption, number>> = {
  "keep-alive": 0,
  "keep-alive-idle": 7_200,
  "keep-alive-interval": 75,
  "keep-alive-count": 9,
  "hop-limit": 64,
  "send-buffer": 2 * 16_384,
  "receive-buffer": 2 * 65_536,
};

/** What Linux takes (tcp(7)); WASI has what is out of range clamped, but for 0, which it refuses. */
const ranges: Readonly<Record<SocketOption, readonly [min: number, max: number]>> = {
  "keep-alive": [0, 1],
  "keep-alive-idle": [1, 32_767],
  "keep-alive-interval": [1, 32_767],
  "keep-alive-count": [1, 127],
  "hop-limit": [1, 255],
  // Half of it, which the kernel doubles.
  "send-buffer": [1, 1_048_576],
  "receive-buffer": [1, 1_048_576],
};

/** Options of a guest's socket, also before the system has one for it. */
export class SocketSettings {
  readonly #chosen = new Map<SocketOption, number>();
  #socket: OpenedSocket | undefined;

  /** From here on the options are those of this socket; those chosen before are set. */
  apply(socket: OpenedSocket): void {
    this.#socket = socket;
    for (const [name, value] of this.#chosen) socket.setOption(name, value);
  }

  get(name: SocketOption): number {
    const chosen = this.#chosen.get(name);
    if (this.#socket === undefined) return chosen ?? shown(name, defaults[name]);
    return shown(name, this.#socket.option(name));
  }

  set(name: SocketOption, value: number): undefined {
    if (value === 0 && name !== "keep-alive") throw new HostError("invalid", `set "${name}" to 0: give more`);
    const [min, max] = ranges[name];
    const clamped = Math.min(Math.max(value, min), max);
    this.#chosen.set(name, clamped);
    this.#socket?.setOption(name, clamped);
    return undefined;
  }
}

/** The kernel counts its own book-keeping too, and answers twice what was asked (socket(7)). */
function shown(name: SocketOption, value: number): number {
  return name.endsWith("-buffer") ? Math.floor(value / 2) : value;
}
