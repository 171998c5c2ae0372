import { closeSync } from "node:fs";
import { Socket } from "node:net";
import { parentPort } from "node:worker_threads";

import { CriLogFormatter, criTime } from "./cri-log.ts";
import { LogFile } from "./log-file.ts";
import type { LogWorkerEvent, LogWorkerRequest } from "./log-writer.ts";

/** The log thread's program: see LogWriter. A pipe that is not read fast enough makes its guest wait, nobody else. */
parentPort?.on("message", (request: LogWorkerRequest) => {
  try {
    keepLog(request);
  } catch (error) {
    tell({ id: request.id, event: "failed", message: messageOf(error) });
    tell({ id: request.id, event: "drained" });
  }
});

function keepLog({ id, path, stdoutFd, stderrFd }: LogWorkerRequest): void {
  const file = openLog(path, [stdoutFd, stderrFd]);
  let open = 2;
  function finish(): void {
    if (--open > 0) return;
    file.close();
    tell({ id, event: "drained" });
  }
  keepStream(id, file, { fd: stdoutFd, stream: "stdout" }, finish);
  keepStream(id, file, { fd: stderrFd, stream: "stderr" }, finish);
}

/** Closes the pipes where there is no log: a guest then meets a broken pipe instead of one that nobody ever reads. */
function openLog(path: string, pipes: readonly number[]): LogFile {
  try {
    return new LogFile(path);
  } catch (error) {
    for (const fd of pipes) closeSync(fd);
    throw error;
  }
}

interface Source {
  readonly fd: number;
  readonly stream: "stdout" | "stderr";
}

function keepStream(id: number, file: LogFile, source: Source, finish: () => void): void {
  const formatter = new CriLogFormatter(source.stream);
  const socket = new Socket({ fd: source.fd, readable: true, writable: false });
  let isFull = false;
  function write(records: Uint8Array[]): void {
    try {
      file.write(records);
      isFull = false;
    } catch (error) {
      // A full disk must not stop the guest: its lines are lost until there is room, and that is said once.
      if (!isFull) tell({ id, event: "failed", message: messageOf(error) });
      isFull = true;
    }
  }
  socket.on("data", (chunk: Buffer) => write(formatter.push(chunk, timeNow())));
  socket.once("error", (error) => tell({ id, event: "failed", message: error.message }));
  socket.once("close", () => {
    write(formatter.end(timeNow()));
    finish();
  });
}

function timeNow(): string {
  return criTime(Date.now(), Number(process.hrtime.bigint() % 1_000_000n));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function tell(event: LogWorkerEvent): void {
  parentPort?.postMessage(event);
}
