import type { InputStream, OutputStream, RegularFile } from "../host/index.ts";
import type { P1Context } from "./context.ts";
import { errno, errnoOf, P1Error } from "./errno.ts";
import { skipBytes, type Span, totalBytes } from "./guest-memory.ts";

/** How a transfer meets a stream that is not ready. */
export interface Patience {
  readonly isNonblocking: boolean;
}

/** Reads once into `spans` and answers the count, 0 at the end. A promise only where the guest has to wait. */
export function readStream(
  context: P1Context,
  input: InputStream,
  spans: readonly Span[],
  patience: Patience,
): number | Promise<number> {
  const bytesMax = totalBytes(spans);
  if (bytesMax === 0) return 0;
  const chunk = input.read(bytesMax);
  if (chunk === "ended") return 0;
  if (chunk !== undefined) {
    context.memory.scatter(spans, chunk);
    return chunk.length;
  }
  if (patience.isNonblocking) throw new P1Error(errno.again, "read from a stream that has nothing yet");
  return context.interrupt.whenAnyReady([input.readable]).then(() => readStream(context, input, spans, patience));
}

/**
 * Writes `spans` and answers the count. As with a pipe or socket of the kernel, a write that may block goes on until
 * all is written: C programs take a short count on a blocking descriptor for an error, or do not look at it. A short
 * count comes only from a stream that must not block, or that failed halfway.
 */
export function writeStream(
  context: P1Context,
  output: OutputStream,
  spans: readonly Span[],
  patience: Patience,
): number | Promise<number> {
  const total = totalBytes(spans);
  const room = output.capacity();
  if (total === 0) return 0;
  if (room < total && !patience.isNonblocking) return writeAll(context, output, spans);
  if (room === 0) throw new P1Error(errno.again, "write to a stream that has no room");
  const chunk = context.memory.gather(spans, room);
  output.write(chunk);
  return chunk.length;
}

/** Writes in pieces as room comes up, each taken from the guest's memory only then, so that no more of it is held. */
async function writeAll(context: P1Context, output: OutputStream, spans: readonly Span[]): Promise<number> {
  const total = totalBytes(spans);
  for (let done = 0; ;) {
    try {
      const piece = context.memory.gather(skipBytes(spans, done), output.capacity());
      if (piece.length > 0) output.write(piece);
      done += piece.length;
    } catch (thrown) {
      // The next write will tell what went wrong; this one tells how far it came.
      if (done > 0 && errnoOf(thrown) !== undefined) return done;
      throw thrown;
    }
    if (done === total) return done;
    await context.interrupt.whenAnyReady([output.writable]);
  }
}

/** Reads a file straight into the guest's memory, until the buffers are full or the file ends. */
export function readFileAt(context: P1Context, file: RegularFile, spans: readonly Span[], offsetBytes: bigint): number {
  let done = 0;
  for (const span of spans) {
    const target = context.memory.bytes(span.pointer, span.length);
    const length = file.readAt(target, offsetBytes + BigInt(done));
    done += length;
    if (length < span.length) break;
  }
  return done;
}

/** Writes a file straight from the guest's memory; with `append` instead of an offset, at its end. */
export function writeFileAt(
  context: P1Context,
  file: RegularFile,
  spans: readonly Span[],
  offsetBytes: bigint | "append",
): number {
  let done = 0;
  for (const span of spans) {
    const source = context.memory.bytes(span.pointer, span.length);
    const length = offsetBytes === "append" ? file.append(source) : file.writeAt(source, offsetBytes + BigInt(done));
    done += length;
    if (length < span.length) break;
  }
  return done;
}
