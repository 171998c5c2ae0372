import { KwasmError } from "#base";
import type { HostInterface } from "../../component/index.ts";
import { type Answer, ok, waiting } from "../calls.ts";
import type { P2Context } from "../context.ts";
import { flushAndWait, readOrWait, whenWritable, writeAndFlush } from "./blocking.ts";
import type { GuestInput } from "./guest-input.ts";
import type { GuestOutput } from "./guest-output.ts";
import type { StreamFailure } from "./stream-failure.ts";

/** Bytes that one call which writes and flushes takes, as the WIT says. */
const writeAndFlushBytesMax = 4_096;

type Outcome<Value> = Answer<Value, StreamFailure>;

/** `wasi:io/streams`. */
export function streamsInterface(context: P2Context): HostInterface {
  return {
    functions: { ...inputFunctions(context), ...outputFunctions(context), ...spliceFunctions(context) },
    resources: {
      "input-stream": { drop: (input: GuestInput) => input.drop() },
      "output-stream": { drop: (output: GuestOutput) => output.drop() },
    },
  };
}

function inputFunctions(context: P2Context): HostInterface["functions"] {
  return {
    "[method]input-stream.read": (input: GuestInput, length: bigint) => input.read(length),
    "[method]input-stream.blocking-read": waiting(context, (input: GuestInput, length: bigint) =>
      readOrWait(context, input, length),
    ),
    "[method]input-stream.skip": (input: GuestInput, length: bigint) => countOf(input.read(length)),
    "[method]input-stream.blocking-skip": waiting(context, async (input: GuestInput, length: bigint) =>
      countOf(await readOrWait(context, input, length)),
    ),
    "[method]input-stream.subscribe": (input: GuestInput) => input.readable,
  };
}

function outputFunctions(context: P2Context): HostInterface["functions"] {
  return {
    "[method]output-stream.check-write": (output: GuestOutput) => output.checkWrite(),
    "[method]output-stream.write": (output: GuestOutput, bytes: Uint8Array) => output.write(bytes),
    "[method]output-stream.blocking-write-and-flush": waiting(context, (output: GuestOutput, bytes: Uint8Array) => {
      checkLength(BigInt(bytes.length));
      return writeAndFlush(context, output, bytes);
    }),
    "[method]output-stream.flush": (output: GuestOutput) => output.flush(),
    "[method]output-stream.blocking-flush": waiting(context, (output: GuestOutput) => flushAndWait(context, output)),
    "[method]output-stream.subscribe": (output: GuestOutput) => output.writable,
    "[method]output-stream.write-zeroes": (output: GuestOutput, length: bigint) => output.write(zeroes(length)),
    "[method]output-stream.blocking-write-zeroes-and-flush": waiting(context, (output: GuestOutput, length: bigint) => {
      checkLength(length);
      return writeAndFlush(context, output, zeroes(length));
    }),
  };
}

function spliceFunctions(context: P2Context): HostInterface["functions"] {
  return {
    "[method]output-stream.splice": splice,
    "[method]output-stream.blocking-splice": waiting(
      context,
      async (output: GuestOutput, input: GuestInput, length: bigint): Promise<Outcome<bigint>> => {
        const room = await whenWritable(context, output);
        if (room.tag === "err" || length === 0n) return room.tag === "err" ? room : ok(0n);
        await context.interrupt.whenAnyReady([input.readable]);
        return splice(output, input, length);
      },
    ),
  };
}

/** Moves what is there and has room, perhaps nothing. */
function splice(output: GuestOutput, input: GuestInput, length: bigint): Outcome<bigint> {
  const room = output.checkWrite();
  if (room.tag === "err") return room;
  const wanted = room.value ?? 0n;
  const chunk = input.read(length < wanted ? length : wanted);
  if (chunk.tag === "err") return chunk;
  const written = output.write(chunk.value ?? new Uint8Array());
  return written.tag === "err" ? written : countOf(chunk);
}

function countOf(answer: Outcome<Uint8Array>): Outcome<bigint> {
  return answer.tag === "err" ? answer : ok(BigInt(answer.value?.length ?? 0));
}

/** Bytes of a stream's own memory at most: more was never permitted. */
function zeroes(length: bigint): Uint8Array {
  if (length > 65_536n) throw new KwasmError("invalid-argument", `write "${length}" zeroes: ask check-write first`);
  return new Uint8Array(Number(length));
}

function checkLength(length: bigint): void {
  if (length <= BigInt(writeAndFlushBytesMax)) return;
  throw new KwasmError(
    "invalid-argument",
    `write "${length}" bytes by one blocking call: at most "${writeAndFlushBytesMax}" are taken`,
  );
}
