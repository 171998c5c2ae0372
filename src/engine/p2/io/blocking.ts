import type { Interrupt } from "../../host/index.ts";
import type { P2Context } from "../context.ts";
import type { Answer } from "../calls.ts";
import type { GuestInput } from "./guest-input.ts";
import type { GuestOutput } from "./guest-output.ts";
import type { StreamFailure } from "./stream-failure.ts";

/** Answers at once where there is something, the end or an error; else a promise of it. */
export function readOrWait(
  context: P2Context,
  input: GuestInput,
  length: bigint,
): Answer<Uint8Array, StreamFailure> | Promise<Answer<Uint8Array, StreamFailure>> {
  const answer = input.read(length);
  if (answer.tag === "err" || length === 0n || (answer.value?.length ?? 0) > 0) return answer;
  return readLater();

  async function readLater(): Promise<Answer<Uint8Array, StreamFailure>> {
    await context.interrupt.whenAnyReady([input.readable]);
    return readOrWait(context, input, length);
  }
}

/** Writes all of `bytes` as room comes up, and answers when they are out: at once where nothing is to be waited for. */
export function writeAndFlush(context: P2Context, output: GuestOutput, bytes: Uint8Array): Written | Promise<Written> {
  const room = output.checkWrite();
  if (room.tag === "err") return room;
  if ((room.value ?? 0n) < BigInt(bytes.length)) return writeBitByBit(context, output, bytes);
  const written = output.write(bytes);
  return written.tag === "err" ? written : flushAndWait(context, output);
}

type Written = Answer<undefined, StreamFailure>;

async function writeBitByBit(context: P2Context, output: GuestOutput, bytes: Uint8Array): Promise<Written> {
  for (let done = 0; done < bytes.length;) {
    const room = await whenWritable(context, output);
    if (room.tag === "err") return room;
    const piece = bytes.subarray(done, done + Number(room.value ?? 0n));
    const written = output.write(piece);
    if (written.tag === "err") return written;
    done += piece.length;
  }
  return flushAndWait(context, output);
}

/** Brings out what was written and tells whether it came out. */
export function flushAndWait({ interrupt }: P2Context, output: GuestOutput): Written | Promise<Written> {
  const flushed = output.whenFlushed();
  return flushed === undefined ? stateOf(output) : stateAfter(flushed, interrupt, output);
}

async function stateAfter(flushed: Promise<void>, interrupt: Interrupt, output: GuestOutput): Promise<Written> {
  await interrupt.wait((finish) => {
    void flushed.then(finish);
    return () => undefined;
  });
  return stateOf(output);
}

function stateOf(output: GuestOutput): Written {
  const state = output.checkWrite();
  return state.tag === "err" ? state : { tag: "ok" };
}

/** Room for at least one byte, or why there will be none. */
export async function whenWritable(
  { interrupt }: P2Context,
  output: GuestOutput,
): Promise<Answer<bigint, StreamFailure>> {
  for (;;) {
    const room = output.checkWrite();
    if (room.tag === "err" || (room.value ?? 0n) > 0n) return room;
    await interrupt.whenAnyReady([output.writable]);
  }
}
