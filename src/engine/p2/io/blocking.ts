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

/** Writes all of `bytes` as room comes up and resolves when they are out. */
export async function writeAndFlush(
  context: P2Context,
  output: GuestOutput,
  bytes: Uint8Array,
): Promise<Answer<undefined, StreamFailure>> {
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
export async function flushAndWait(
  { interrupt }: P2Context,
  output: GuestOutput,
): Promise<Answer<undefined, StreamFailure>> {
  const flushed = output.whenFlushed();
  await interrupt.wait((finish) => {
    void flushed.then(finish);
    return () => undefined;
  });
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
