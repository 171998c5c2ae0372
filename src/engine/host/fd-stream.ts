import { constants, fstatSync, openSync, readFileSync } from "node:fs";
import { Socket } from "node:net";
import type { Readable, Writable } from "node:stream";
import { isatty, ReadStream, WriteStream } from "node:tty";
import { systemErrorCode } from "#base";
import { closeOwnedFd, FileInput, FileOutput } from "./file-stream.ts";
import { HostError } from "./host-error.ts";
import { NodeInput, NodeOutput } from "./node-stream.ts";
import type { InputStream, OutputStream } from "./stream.ts";

/** What an fd is, as far as reading and writing it differ. */
type FdKind = "pipe" | "socket" | "terminal" | "file";

function fdKind(fd: number): FdKind {
  try {
    const stat = fstatSync(fd);
    if (stat.isFIFO()) return "pipe";
    if (stat.isSocket()) return "socket";
    return isatty(fd) ? "terminal" : "file";
  } catch (thrown) {
    throw HostError.from(thrown, `look at file descriptor '${fd}'`);
  }
}

/** Makes an input of an fd and owns it from here on; 0 to 2 are used but never closed. */
export function inputFromFd(fd: number): InputStream {
  const kind = fdKind(fd);
  if (kind === "file") return new FileInput(fd);
  const own = kind === "pipe" ? reopenPipe(fd, constants.O_RDONLY) : fd;
  if (own === undefined) throw new HostError("bad-descriptor", `read file descriptor '${fd}'`);
  return new NodeInput({
    isTerminal: kind === "terminal",
    open: () => (kind === "terminal" ? terminalInput(own) : socketInput(own)),
    release: (stream) => releaseStream(stream, own),
  });
}

/** Makes an output of an fd and owns it from here on; 0 to 2 are used but never closed. */
export function outputFromFd(fd: number): OutputStream {
  const kind = fdKind(fd);
  if (kind === "file") return new FileOutput(fd);
  const own = kind === "pipe" ? reopenPipe(fd, constants.O_WRONLY) : fd;
  if (own === undefined) return new BrokenOutput();
  return new NodeOutput({
    isTerminal: kind === "terminal",
    open: () => (kind === "terminal" ? terminalOutput(own) : socketOutput(own)),
    release: (stream) => releaseStream(stream, own),
  });
}

/**
 * A pipe is opened anew, since waiting for it needs O_NONBLOCK, and that flag belongs to the open file description
 * that all holders share: a shell on the same pipe would find its blocking reads failing. Answers `undefined` for a
 * pipe whose other end is gone. Where the kernel refuses (a pipe of another user, in a cell without privileges) the
 * fd itself is used: its holder gave it away. So is one that has the flag already: a FIFO that is opened anew when its
 * last writer has gone would wait for the next one instead of telling the end.
 */
function reopenPipe(fd: number, access: number): number | undefined {
  try {
    if (isNonblocking(fd)) return fd;
    const own = openSync(`/proc/self/fd/${fd}`, access | constants.O_NONBLOCK);
    closeOwnedFd(fd);
    return own;
  } catch (thrown) {
    if (systemErrorCode(thrown) === "ENXIO") {
      closeOwnedFd(fd);
      return undefined;
    }
    if (systemErrorCode(thrown) === "EACCES") return fd;
    throw HostError.from(thrown, `open the pipe of file descriptor '${fd}' again`);
  }
}

/** By the flags of the open file description, in octal (proc_pid_fdinfo(5)). */
function isNonblocking(fd: number): boolean {
  const flags = /^flags:\s+([0-7]+)$/mu.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "utf8"))?.[1] ?? "0";
  return (Number.parseInt(flags, 8) & constants.O_NONBLOCK) !== 0;
}

/** Node already has a stream on each of its own sockets and terminals; a second one on the same fd would steal bytes. */
function socketInput(fd: number): Readable {
  return fd === 0 ? process.stdin : new Socket({ fd, readable: true, writable: false });
}

function terminalInput(fd: number): Readable {
  return fd === 0 ? process.stdin : new ReadStream(fd);
}

function socketOutput(fd: number): Writable {
  return ownOutput(fd) ?? new Socket({ fd, readable: false, writable: true });
}

function terminalOutput(fd: number): Writable {
  return ownOutput(fd) ?? new WriteStream(fd);
}

function ownOutput(fd: number): Writable | undefined {
  if (fd === 1) return process.stdout;
  return fd === 2 ? process.stderr : undefined;
}

/** Ends a stream of ours; one of the process itself is only left alone, for the process still uses it. */
function releaseStream(stream: Readable | Writable | undefined, fd: number): void {
  if (stream === undefined) closeOwnedFd(fd);
  else if (fd > 2) stream.destroy();
  else if ("pause" in stream) stream.pause();
}

/** The writing end of a pipe whose reader was gone before the guest began. */
class BrokenOutput implements OutputStream {
  readonly isTerminal = false;
  readonly writable = { isReady: () => true, onReady: () => () => undefined };

  capacity(): number {
    throw new HostError("pipe", "write to a pipe that nobody reads any more");
  }

  write(): void {
    this.capacity();
  }

  flush(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {
    // Nothing is held: the fd was closed when the pipe proved to be broken.
  }
}
