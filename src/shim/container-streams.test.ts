import assert from "node:assert/strict";
import { open } from "node:fs/promises";
import { createReadStream, writeFileSync } from "node:fs";
import { test } from "node:test";

import { CloseIoRequest, Empty, KillRequest, PidResponse, ProcessRequest, WaitResponse } from "#proto";

import { readFifo, TestShim } from "./shim-fixture.ts";

const start = { request: ProcessRequest, response: PidResponse };
const wait = { request: ProcessRequest, response: WaitResponse };
const closeIo = { request: CloseIoRequest, response: Empty };

/** What the copier exits with: the file type of its output, as WASI 0.1 numbers them. */
const fileType = { unknown: 0, characterDevice: 2 } as const;

/** Reads until the text is there; the rest stays. */
async function readUntil(path: string, text: string): Promise<void> {
  let seen = "";
  for await (const chunk of createReadStream(path)) {
    seen += String(chunk);
    if (seen.includes(text)) return;
  }
  assert.fail(`the output ended with ${JSON.stringify(seen)}`);
}

test("a guest reads what several writers send, until containerd closes its input", async () => {
  await using shim = await TestShim.start();
  const { stdin, stdout } = await shim.create("a", { guest: "copier", hasInput: true });
  const output = readFifo(stdout);
  await shim.call("Start", start, { id: "a" });
  writeFileSync(stdin, "one\n");
  writeFileSync(stdin, "two\n");
  // Only the standard input can be closed.
  await shim.call("CloseIO", closeIo, { id: "a" });
  writeFileSync(stdin, "three\n");
  for (let time = 0; time < 2; time += 1) await shim.call("CloseIO", closeIo, { id: "a", stdin: true });
  assert.equal((await shim.call("Wait", wait, { id: "a" })).exitStatus, fileType.unknown);
  assert.equal(await output, "one\ntwo\nthree\n");
});

test("a writer that is there when containerd closes the input still sends what it has", async () => {
  await using shim = await TestShim.start();
  const { stdin, stdout } = await shim.create("a", { guest: "copier", hasInput: true });
  const output = readFifo(stdout);
  await shim.call("Start", start, { id: "a" });
  const writer = await open(stdin, "w");
  await shim.call("CloseIO", closeIo, { id: "a", stdin: true });
  await writer.write("late\n");
  await writer.close();
  await shim.call("Wait", wait, { id: "a" });
  assert.equal(await output, "late\n");
});

test("an input that was closed before the start is at its end", async () => {
  await using shim = await TestShim.start();
  const { stdout } = await shim.create("a", { guest: "copier", hasInput: true });
  const output = readFifo(stdout);
  await shim.call("CloseIO", closeIo, { id: "a", stdin: true });
  await shim.call("Start", start, { id: "a" });
  await shim.call("Wait", wait, { id: "a" });
  assert.equal(await output, "");
});

test("a guest without an input reads its end at once", async () => {
  await using shim = await TestShim.start();
  await shim.create("a", { guest: "copier" });
  await shim.call("Start", start, { id: "a" });
  assert.equal((await shim.call("Wait", wait, { id: "a" })).exitStatus, fileType.unknown);
});

test("at a terminal what is typed is shown, read line by line, and ended by control-D", async () => {
  await using shim = await TestShim.start();
  const { stdin, stdout } = await shim.create("a", { guest: "copier", hasInput: true, terminal: true });
  const output = readFifo(stdout);
  await shim.call("Start", start, { id: "a" });
  await shim.call("ResizePty", closeIo, { id: "a" });
  writeFileSync(stdin, "hex\u007fllo\r\u0004");
  assert.equal((await shim.call("Wait", wait, { id: "a" })).exitStatus, fileType.characterDevice);
  assert.equal(await output, "hex\b \bllo\r\nhello\r\n");
});

test("control-C ends a guest that does not read", async () => {
  await using shim = await TestShim.start();
  const { stdin, stdout } = await shim.create("a", { guest: "sleeper", hasInput: true, terminal: true });
  const greeted = readUntil(stdout, "hello\r\n");
  await shim.call("Start", start, { id: "a" });
  await greeted;
  writeFileSync(stdin, "\u0003");
  assert.equal((await shim.call("Wait", wait, { id: "a" })).exitStatus, 130);
});

test("a terminal that nobody reads holds up nobody", async () => {
  await using shim = await TestShim.start();
  const { stdin } = await shim.create("a", { guest: "copier", hasInput: true, terminal: true });
  await shim.create("b", { guest: "hello" });
  await shim.call("Start", start, { id: "a" });
  const writer = await open(stdin, "w");
  // More than the FIFOs and the terminal hold, so that the last of it cannot be written.
  void writer.writeFile("line\r".repeat(100_000)).catch(() => undefined);
  await shim.call("Start", start, { id: "b" });
  assert.equal((await shim.call("Wait", wait, { id: "b" })).exitStatus, 3);
  await shim.call("Kill", { request: KillRequest, response: Empty }, { id: "a", signal: 9 });
  assert.equal((await shim.call("Wait", wait, { id: "a" })).exitStatus, 137);
  await writer.close();
});
