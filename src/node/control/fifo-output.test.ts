import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  closeSync,
  constants,
  createReadStream,
  mkdtempDisposableSync,
  openSync,
  readSync,
  rmSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { silentLog } from "#base";

import { type FifoHold, FifoOutput } from "./fifo-output.ts";

/** Long enough for what does not wait to be over. */
const IDLE_MS = 20;

/** Nobody holds a copy. */
const alone: FifoHold = { inherited: {}, keep: () => Promise.resolve(), drop: () => Promise.resolve() };

function makeFifo(): { readonly path: string; remove(): void } {
  const directory = mkdtempDisposableSync(join(tmpdir(), "kwasm-fifo-"));
  const path = join(directory.path, "out");
  execFileSync("mkfifo", [path]);
  return { path, remove: () => directory.remove() };
}

function write(output: FifoOutput, text: string): void {
  const writer = output.openWriter();
  writeSync(writer, text);
  closeSync(writer);
}

async function readAll(path: string): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of createReadStream(path)) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

test("a reader that comes after the guest's end finds every line, and then the end", async () => {
  const fifo = makeFifo();
  const output = new FifoOutput(fifo.path, silentLog, alone);
  write(output, "before\n");
  await output.release();
  // The timer that looks for readers keeps no process alive; this one does meanwhile.
  const waiting = setInterval(() => undefined, 1_000);
  assert.equal(await readAll(fifo.path), "before\n");
  clearInterval(waiting);
  await output.close();
  fifo.remove();
});

test("a guest has ended when the reader that is there has read all, which then sees the end", async () => {
  const fifo = makeFifo();
  const output = new FifoOutput(fifo.path, silentLog, alone);
  const reader = openSync(fifo.path, constants.O_RDONLY | constants.O_NONBLOCK);
  write(output, "hello\n");
  const order: string[] = [];
  const released = output.release().then(() => order.push("released"));
  await sleep(IDLE_MS);
  order.push("read");
  const buffer = Buffer.alloc(10);
  assert.equal(buffer.toString("utf8", 0, readSync(reader, buffer)), "hello\n");
  await released;
  assert.equal(readSync(reader, buffer), 0);
  assert.deepEqual(order, ["read", "released"]);
  closeSync(reader);
  fifo.remove();
});

test("a reader that goes without having read leaves everything to the next", async () => {
  const fifo = makeFifo();
  const output = new FifoOutput(fifo.path, silentLog, alone);
  const reader = openSync(fifo.path, constants.O_RDONLY | constants.O_NONBLOCK);
  write(output, "for the next\n");
  const released = output.release();
  closeSync(reader);
  await released;
  const waiting = setInterval(() => undefined, 1_000);
  assert.equal(await readAll(fifo.path), "for the next\n");
  clearInterval(waiting);
  await output.close();
  fifo.remove();
});

test("an output may be given up while its reader does not read", async () => {
  const fifo = makeFifo();
  const output = new FifoOutput(fifo.path, silentLog, alone);
  const reader = openSync(fifo.path, constants.O_RDONLY | constants.O_NONBLOCK);
  write(output, "unread\n");
  const released = output.release();
  await output.close();
  await released;
  closeSync(reader);
  fifo.remove();
});

test("a guest that writes while nobody else reads meets no broken pipe", async () => {
  const fifo = makeFifo();
  const output = new FifoOutput(fifo.path, silentLog, alone);
  const reader = openSync(fifo.path, constants.O_RDONLY | constants.O_NONBLOCK);
  closeSync(reader);
  write(output, "still here\n");
  await output.close();
  await output.close();
  fifo.remove();
});

test("a FIFO that was removed is let go", async () => {
  const fifo = makeFifo();
  const output = new FifoOutput(fifo.path, silentLog, alone);
  rmSync(fifo.path);
  await output.release();
  fifo.remove();
});

test("a FIFO that is not there is named", () => {
  assert.throws(() => new FifoOutput("/nowhere/out", silentLog, alone), {
    code: "not-found",
    message: /\/nowhere\/out/u,
  });
});
