import type { CallFamily, P1Context } from "./context.ts";
import type { Descriptor, FileResource } from "./descriptor.ts";
import { errno, P1Error } from "./errno.ts";
import { fdflag, whence } from "./layout.ts";
import { asFile } from "./resource-of.ts";
import { isWithin, right } from "./rights.ts";
import { readFileAt, readStream, writeFileAt, writeStream } from "./transfer.ts";

/** The largest offset the system takes: off_t is signed. */
const offsetBytesMax = 2n ** 63n - 1n;

/** A buffer list as a guest passes it. */
interface Buffers {
  readonly pointer: number;
  readonly count: number;
}

/** `fd_read`, `fd_write`, `fd_pread`, `fd_pwrite`, `fd_seek`, `fd_tell`, `fd_sync`, `fd_datasync`. */
export function fdIoCalls(context: P1Context): CallFamily {
  const { memory, table } = context;
  return {
    waiting: {
      fd_read: (fd: number, pointer: number, count: number, result: number) =>
        answerCount(context, result, () => readNext(context, table.get(fd), { pointer, count })),
      fd_write: (fd: number, pointer: number, count: number, result: number) =>
        answerCount(context, result, () => writeNext(context, table.get(fd), { pointer, count })),
      async fd_sync(fd: number): Promise<undefined> {
        await syncableOf(table.get(fd), right.fdSync).sync();
      },
      async fd_datasync(fd: number): Promise<undefined> {
        await syncableOf(table.get(fd), right.fdDatasync).dataSync();
      },
    },
    plain: {
      fd_pread(fd: number, pointer: number, count: number, offset: bigint, result: number) {
        const { file } = asFile(table.get(fd), right.fdRead | right.fdSeek, errno.invalidSeek).resource;
        memory.writeU32(result, readFileAt(context, file, memory.readSpans(pointer, count), offsetFrom(offset)));
        return undefined;
      },
      fd_pwrite(fd: number, pointer: number, count: number, offset: bigint, result: number) {
        const { file } = asFile(table.get(fd), right.fdWrite | right.fdSeek, errno.invalidSeek).resource;
        memory.writeU32(result, writeFileAt(context, file, memory.readSpans(pointer, count), offsetFrom(offset)));
        return undefined;
      },
      fd_seek(fd: number, offset: bigint, from: number, result: number) {
        // Moving nowhere only tells the position, which is a right of its own.
        const isTell = offset === 0n && from === whence.current;
        const descriptor = asFile(table.get(fd), isTell ? right.fdTell : right.fdSeek, errno.invalidSeek);
        descriptor.positionBytes = seekTarget(descriptor, offset, from);
        memory.writeU64(result, descriptor.positionBytes);
        return undefined;
      },
      fd_tell(fd: number, result: number) {
        memory.writeU64(result, asFile(table.get(fd), right.fdTell, errno.invalidSeek).positionBytes);
        return undefined;
      },
    },
  };
}

/**
 * Moves bytes and writes their count where the guest wants it, now or when it is known. The place is tried first, so
 * that a bad one loses no data.
 */
export function answerCount(
  { memory }: P1Context,
  result: number,
  transfer: () => number | Promise<number>,
): undefined | Promise<undefined> {
  memory.writeU32(result, 0);
  const count = transfer();
  if (typeof count !== "number") {
    return count.then((known) => {
      memory.writeU32(result, known);
      return undefined;
    });
  }
  memory.writeU32(result, count);
  return undefined;
}

function readNext(context: P1Context, descriptor: Descriptor, buffers: Buffers): number | Promise<number> {
  const { resource } = descriptor;
  if (resource.kind === "listener") throw new P1Error(errno.notConnected, "read from a listening socket");
  if (resource.kind === "directory") throw new P1Error(errno.isDirectory, "read from a directory");
  if (resource.kind === "stream" && resource.input === undefined) {
    throw new P1Error(errno.badDescriptor, "read from a stream that is for writing");
  }
  descriptor.require(right.fdRead);
  const spans = context.memory.readSpans(buffers.pointer, buffers.count);
  if (resource.kind === "file") {
    const length = readFileAt(context, resource.file, spans, descriptor.positionBytes);
    descriptor.positionBytes += BigInt(length);
    return length;
  }
  const { input } = resource;
  return input === undefined ? 0 : readStream(context, input, spans, patienceOf(descriptor));
}

function writeNext(context: P1Context, descriptor: Descriptor, buffers: Buffers): number | Promise<number> {
  const { resource } = descriptor;
  if (resource.kind === "listener") throw new P1Error(errno.notConnected, "write to a listening socket");
  if (resource.kind === "datagrams") throw new P1Error(errno.notConnected, "send without saying to whom");
  if (resource.kind === "directory") throw new P1Error(errno.isDirectory, "write to a directory");
  if (resource.kind === "stream" && resource.output === undefined) {
    throw new P1Error(errno.badDescriptor, "write to a stream that is for reading");
  }
  descriptor.require(right.fdWrite);
  const spans = context.memory.readSpans(buffers.pointer, buffers.count);
  if (descriptor.is("file")) return writeAtPosition(context, descriptor, spans);
  const { output } = resource as Exclude<typeof resource, FileResource>;
  return output === undefined ? 0 : writeStream(context, output, spans, patienceOf(descriptor));
}

function writeAtPosition(
  context: P1Context,
  descriptor: Descriptor<FileResource>,
  spans: ReturnType<P1Context["memory"]["readSpans"]>,
): number {
  const { file } = descriptor.resource;
  if ((descriptor.flags & fdflag.append) === 0) {
    const length = writeFileAt(context, file, spans, descriptor.positionBytes);
    descriptor.positionBytes += BigInt(length);
    return length;
  }
  const length = writeFileAt(context, file, spans, "append");
  descriptor.positionBytes = file.stat().sizeBytes;
  return length;
}

export function patienceOf(descriptor: Descriptor): { readonly isNonblocking: boolean } {
  return { isNonblocking: (descriptor.flags & fdflag.nonblock) !== 0 };
}

function seekTarget(descriptor: Descriptor<FileResource>, offset: bigint, from: number): bigint {
  const target = seekBase(descriptor, from) + BigInt.asIntN(64, offset);
  if (target < 0n) throw new P1Error(errno.invalid, "seek to before the start of a file");
  if (target > offsetBytesMax) throw new P1Error(errno.overflow, "seek to beyond the largest offset");
  return target;
}

function seekBase(descriptor: Descriptor<FileResource>, from: number): bigint {
  if (from === whence.set) return 0n;
  if (from === whence.current) return descriptor.positionBytes;
  if (from === whence.end) return descriptor.resource.file.stat().sizeBytes;
  throw new P1Error(errno.invalid, "seek from nowhere known");
}

/** An offset that a guest names; those above the largest mean negative ones. */
function offsetFrom(offset: bigint): bigint {
  const unsigned = BigInt.asUintN(64, offset);
  if (unsigned > offsetBytesMax) throw new P1Error(errno.invalid, "use a negative offset");
  return unsigned;
}

function syncableOf(descriptor: Descriptor, rights: number): { sync(): Promise<void>; dataSync(): Promise<void> } {
  const { resource } = descriptor;
  if (resource.kind !== "file" && resource.kind !== "directory") {
    throw new P1Error(errno.invalid, "bring a stream to the disk");
  }
  if (!isWithin(rights, descriptor.rights.base)) throw new P1Error(errno.notCapable, "sync without the right to");
  return resource.kind === "file" ? resource.file : resource.directory;
}
