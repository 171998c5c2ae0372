import {
  constants,
  fdatasync,
  fstatSync,
  fsync,
  ftruncateSync,
  futimesSync,
  openSync,
  readSync,
  writeSync,
} from "node:fs";
import { promisify } from "node:util";
import { HostError } from "../host-error.ts";
import { attempt, attemptAsync } from "./attempt.ts";
import { descriptorPath, OwnedDescriptor } from "./descriptor.ts";
import { fileStatOf } from "./file-stat.ts";
import type { Advice, FileStat, NewTimes, OpenOptions, RegularFile } from "./file-types.ts";
import type { Guest } from "./guest.ts";
import { nodeTimeOf } from "./set-times.ts";

/** Bytes moved by one call, so that one guest's large buffer does not hold the thread; the rest is a short count. */
const TRANSFER_BYTES_MAX = 1024 * 1024;

/** Linux's largest file offset; a larger one in a guest's u64 would turn negative in the kernel. */
const OFFSET_BYTES_MAX = 2n ** 63n - 1n;

const flushAll = promisify(fsync);
const flushData = promisify(fdatasync);

interface OpenedFileOptions {
  /** Belongs to the file from here on, also when its constructor throws. */
  readonly fd: number;
  readonly guest: Guest;
  readonly options: OpenOptions;
  readonly readOnly: boolean;
}

/** A regular file of the host. Owns its descriptor and counts in the guest's budget until it is closed. */
export class OpenedFile implements RegularFile {
  readonly kind = "regular-file";
  readonly readOnly: boolean;
  readonly options: OpenOptions;
  readonly #guest: Guest;
  readonly #descriptor: OwnedDescriptor;
  /** O_APPEND makes pwrite ignore its offset, so appending has a descriptor of its own, opened when first needed. */
  #appendDescriptor: OwnedDescriptor | undefined;

  constructor({ fd, guest, options, readOnly }: OpenedFileOptions) {
    this.#descriptor = new OwnedDescriptor(fd);
    this.#guest = guest;
    this.options = options;
    this.readOnly = readOnly;
    try {
      guest.admit(this);
    } catch (error) {
      this.#descriptor.close();
      throw error;
    }
  }

  readAt(buffer: Uint8Array, offsetBytes: bigint): number {
    if (this.options.read !== true) throw new HostError("bad-descriptor", "read a file: it was not opened for reading");
    const length = Math.min(buffer.byteLength, TRANSFER_BYTES_MAX);
    checkOffset(offsetBytes);
    return attempt("read a file", () => readSync(this.#descriptor.fd, buffer, 0, length, offsetBytes));
  }

  writeAt(buffer: Uint8Array, offsetBytes: bigint): number {
    const fd = this.#writableFd();
    checkOffset(offsetBytes + BigInt(buffer.byteLength));
    const position = filePosition(offsetBytes);
    const length = Math.min(buffer.byteLength, TRANSFER_BYTES_MAX);
    return attempt("write a file", () => writeSync(fd, buffer, 0, length, position));
  }

  append(buffer: Uint8Array): number {
    this.#writableFd();
    const length = Math.min(buffer.byteLength, TRANSFER_BYTES_MAX);
    return attempt("append to a file", () => writeSync(this.#appendFd(), buffer, 0, length));
  }

  stat(): FileStat {
    return this.#guest.times.restore(this.#storedStat());
  }

  setSize(sizeBytes: bigint): void {
    const fd = this.#writableFd();
    checkOffset(sizeBytes);
    attempt("set the size of a file", () => ftruncateSync(fd, filePosition(sizeBytes)));
  }

  setTimes(times: NewTimes): void {
    const fd = this.#descriptor.fd;
    if (this.readOnly) throw new HostError("read-only", "set the times of a file: its mount is read-only");
    attempt("set the times of a file", () => {
      futimesSync(fd, nodeTimeOf(times.accessed), nodeTimeOf(times.modified));
      this.#guest.times.remember(times, this.#storedStat());
    });
  }

  sync(): Promise<void> {
    return attemptAsync("flush a file", () => this.#descriptor.useAsync(flushAll));
  }

  dataSync(): Promise<void> {
    return attemptAsync("flush a file", () => this.#descriptor.useAsync(flushData));
  }

  allocate(offsetBytes: bigint, lengthBytes: bigint): void {
    throw new HostError("unsupported", `reserve ${lengthBytes} bytes at ${offsetBytes}: the host reserves no blocks`);
  }

  advise(offsetBytes: bigint, lengthBytes: bigint, _advice: Advice): void {
    checkOffset(offsetBytes + lengthBytes);
  }

  close(): void {
    this.#descriptor.close();
    this.#appendDescriptor?.close();
    this.#guest.dismiss(this);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #storedStat(): FileStat {
    const fd = this.#descriptor.fd;
    return attempt("stat a file", () => fileStatOf(fstatSync(fd, { bigint: true })));
  }

  #writableFd(): number {
    const fd = this.#descriptor.fd;
    if (this.options.write === true) return fd;
    throw new HostError("bad-descriptor", "write a file: it was not opened for writing");
  }

  #appendFd(): number {
    const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_NONBLOCK | syncFlags(this.options);
    this.#appendDescriptor ??= new OwnedDescriptor(openSync(descriptorPath(this.#descriptor.fd), flags));
    return this.#appendDescriptor.fd;
  }
}

/** The flags of open(2) for what `options` ask, without those that create or walk. */
export function accessFlags(options: OpenOptions): number {
  // O_NONBLOCK does nothing to a regular file except that a lease held by another process is an error at once instead
  // of a wait of up to 45 s (fcntl(2), "Leases").
  return accessMode(options) | syncFlags(options) | constants.O_NONBLOCK;
}

function accessMode(options: OpenOptions): number {
  if (options.write !== true) return constants.O_RDONLY;
  return options.read === true ? constants.O_RDWR : constants.O_WRONLY;
}

function syncFlags(options: OpenOptions): number {
  return (options.sync === true ? constants.O_SYNC : 0) | (options.dataSync === true ? constants.O_DSYNC : 0);
}

function checkOffset(offsetBytes: bigint): void {
  if (offsetBytes < 0n || offsetBytes > OFFSET_BYTES_MAX) {
    throw new HostError("invalid", `use offset ${offsetBytes} of a file: the largest is ${OFFSET_BYTES_MAX}`);
  }
}

/** An offset for the calls of node:fs that take no bigint. No file system of Linux has files beyond 2^53 bytes. */
function filePosition(offsetBytes: bigint): number {
  if (offsetBytes <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(offsetBytes);
  throw new HostError("file-too-large", `use offset ${offsetBytes} of a file: it is beyond what the host can address`);
}
