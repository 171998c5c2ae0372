import type { Socket } from "node:net";

import { KwasmError, type Log } from "#base";
import { RpcRequest, RpcResponse } from "#proto";
import { encodeFrame, type Frame, FrameSplitter, frameType, MESSAGE_BYTES_MAX } from "#ttrpc";

import { REPEATED_KEY } from "../repeated-calls.ts";

/** Calls that wait for answers, over all connections: two for each container of the largest node, and a burst. */
export const CALLS_MAX = 32_768;
/** What they may hold together: a call is a few kilobytes, and 4 MiB at most. */
const CALLS_BYTES_MAX = 256 * 1024 * 1024;
/**
 * Controls that one call may see end soon after it was handed to them. A call that ends control each time is answered
 * by an error, so that it does not end it for ever. A control that was killed says less about its calls than one that
 * ended by itself, but the kernel also kills what takes too much memory.
 */
const QUICK_CRASHES_MAX = 5;
const QUICK_KILLS_MAX = 100;
const QUICK_END_MS = 2_000;
/** Streams are odd numbers of 32 bits. */
const STREAM_MAX = 0xffff_ffff;

/** Added to a call that an earlier control was handed. */
const repeated = RpcRequest.encode({ metadata: [{ key: REPEATED_KEY, value: "true" }] });

/** What one call may have: one that cannot be sent again, marked as repeated, would keep every control from its calls. */
export const CALL_BYTES_MAX = MESSAGE_BYTES_MAX - repeated.byteLength;

/** A call that waits for as long as it takes, and is harmless: it must survive any number of controls. */
const PATIENT_METHOD = "Wait";

interface PendingCall {
  readonly request: Uint8Array;
  readonly answer: PromiseWithResolvers<Uint8Array>;
  /** Whether a control was handed it. */
  wasSent: boolean;
  quickCrashes: number;
  quickKills: number;
}

/** How a control ended: by itself, or by a signal that something else sent. */
export type ControlEnd = "crashed" | "killed";

interface RelayOptions {
  readonly log: Log;
  readonly now: () => number;
}

/**
 * Carries the calls of all connections to the control process of the moment, and keeps each until it is answered: what
 * a control leaves unanswered when it ends is handed to the next one. Callers see neither ends nor starts of controls.
 */
export class Relay {
  readonly #options: RelayOptions;
  readonly #calls = new Map<number, PendingCall>();
  #bytes = 0;
  #lastStream = -1;
  #socket: Socket | undefined;
  #attachedAtMs = 0;

  constructor(options: RelayOptions) {
    this.#options = options;
  }

  /** A control takes calls over this connection from now on; what waits is sent in the order in which it came. */
  attach(socket: Socket): void {
    const splitter = new FrameSplitter();
    this.#socket = socket;
    this.#attachedAtMs = this.#options.now();
    socket.on("data", (piece: Buffer) => {
      try {
        for (const frame of splitter.push(piece)) this.#settle(frame);
      } catch (error) {
        // It cannot be understood from there on, nor does it answer: it is replaced for that.
        this.#options.log.error("control sends what is no answer", { reason: String(error) });
        socket.destroy();
      }
    });
    for (const [stream, call] of this.#calls) this.#send(stream, call);
  }

  /** The control has ended; calls wait for the next one. */
  detach(how: ControlEnd): void {
    this.#socket = undefined;
    const wasQuick = this.#options.now() - this.#attachedAtMs < QUICK_END_MS;
    for (const call of this.#calls.values()) if (call.wasSent) this.#countEnd(call, wasQuick ? how : undefined);
  }

  /** From the bytes of an RpcRequest to those of an RpcResponse, however many controls it takes. */
  readonly handle = async (request: Uint8Array, signal: AbortSignal): Promise<Uint8Array> => {
    if (request.byteLength > CALL_BYTES_MAX) throw tooLong(request.byteLength);
    if (this.#calls.size >= CALLS_MAX || this.#bytes + request.byteLength > CALLS_BYTES_MAX) throw tooMany();
    const stream = this.#nextStream();
    const call: PendingCall = {
      request,
      answer: Promise.withResolvers(),
      wasSent: false,
      quickCrashes: 0,
      quickKills: 0,
    };
    const giveUp = (): void => this.#giveUp(stream, call);
    signal.addEventListener("abort", giveUp, { once: true });
    this.#calls.set(stream, call);
    this.#bytes += request.byteLength;
    this.#send(stream, call);
    try {
      return await call.answer.promise;
    } finally {
      this.#calls.delete(stream);
      this.#bytes -= request.byteLength;
      signal.removeEventListener("abort", giveUp);
    }
  };

  #nextStream(): number {
    do this.#lastStream = this.#lastStream + 2 > STREAM_MAX ? 1 : this.#lastStream + 2;
    while (this.#calls.has(this.#lastStream));
    return this.#lastStream;
  }

  #send(stream: number, call: PendingCall): void {
    if (this.#socket?.writable !== true) return;
    // A field that is written again adds to what is there: protobuf's own way to extend an encoded message.
    const payload = call.wasSent ? Buffer.concat([call.request, repeated]) : call.request;
    call.wasSent = true;
    this.#socket.write(encodeFrame({ stream, type: frameType.request, flags: 0, payload }));
  }

  #settle({ stream, payload }: Frame): void {
    // An answer that nobody waits for any more has no call.
    this.#calls.get(stream)?.answer.resolve(payload);
  }

  #giveUp(stream: number, call: PendingCall): void {
    call.answer.reject(new KwasmError("cancelled", "carry a call: its caller has given it up"));
    if (this.#socket?.writable !== true || !call.wasSent) return;
    this.#socket.write(encodeFrame({ stream, type: frameType.cancel, flags: 0, payload: new Uint8Array() }));
  }

  #countEnd(call: PendingCall, quickEnd: ControlEnd | undefined): void {
    call.quickCrashes = quickEnd === undefined ? 0 : call.quickCrashes + Number(quickEnd === "crashed");
    call.quickKills = quickEnd === undefined ? 0 : call.quickKills + Number(quickEnd === "killed");
    if (call.quickCrashes < QUICK_CRASHES_MAX && call.quickKills < QUICK_KILLS_MAX) return;
    const { service, method } = RpcRequest.decode(call.request);
    if (method === PATIENT_METHOD) return;
    this.#options.log.error("a call is given up: control ended each time that it was handed it", { service, method });
    call.answer.resolve(
      RpcResponse.encode({
        status: { code: 13, message: `call "${service}/${method}": control ended each time; see its log`, details: [] },
      }),
    );
  }
}

function tooMany(): KwasmError {
  return new KwasmError(
    "limit-exceeded",
    `take a call: ${String(CALLS_MAX)} calls or ${String(CALLS_BYTES_MAX)} bytes of them wait for answers; call again later`,
  );
}

function tooLong(bytes: number): KwasmError {
  return new KwasmError(
    "limit-exceeded",
    `take a call of "${String(bytes)}" bytes: at most "${String(CALL_BYTES_MAX)}" are carried; send less`,
  );
}
