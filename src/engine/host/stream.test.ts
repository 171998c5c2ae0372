import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, constants, mkdtempDisposableSync, openSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { inputFromFd, outputFromFd } from "./fd-stream.ts";
import { HostError, type HostErrorCode } from "./host-error.ts";
import { Interrupt } from "./interrupt.ts";
import { endedInput, inputFromBytes } from "./memory-stream.ts";
import { makeFifo, makeFileInput, type StreamPair, streamPairs } from "./stream-fixture.ts";
import { type InputStream, type OutputStream, streamBytesMax } from "./stream.ts";

/** Reads as a guest does: wait, then take what is there. */
async function readChunk(input: InputStream, bytesMax: number): Promise<Uint8Array | "ended"> {
  const interrupt = new Interrupt();
  for (;;) {
    await interrupt.whenAnyReady([input.readable]);
    const chunk = input.read(bytesMax);
    if (chunk !== undefined) return chunk;
  }
}

async function readText(input: InputStream, length: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let left = length;
  while (left > 0) {
    const chunk = await readChunk(input, left);
    if (chunk === "ended") break;
    assert.ok(chunk.length > 0 && chunk.length <= left);
    chunks.push(chunk);
    left -= chunk.length;
  }
  return Buffer.concat(chunks).toString();
}

/** Writes until there is no room and answers how much went in. */
function writeUntilFull(output: OutputStream): number {
  let written = 0;
  for (let room = output.capacity(); room > 0; room = output.capacity()) {
    output.write(Buffer.alloc(room, "x"));
    written += room;
  }
  return written;
}

function isHostError(code: HostErrorCode): (thrown: unknown) => boolean {
  return (thrown) => thrown instanceof HostError && thrown.code === code;
}

/** Each case holds for every kind of stream. */
const contract: Readonly<Record<string, (pair: StreamPair) => Promise<void>>> = {
  async "hands bytes over in order, never more than asked for"({ input, output }) {
    output.write(Buffer.from("hello "));
    output.write(Buffer.from("world"));
    assert.equal(await readText(input, 3), "hel");
    assert.equal(await readText(input, 8), "lo world");
  },

  async "has nothing to read before anything is written"({ input, output }) {
    assert.equal(input.readable.isReady(), false);
    assert.equal(input.read(10), undefined);
    output.write(Buffer.from("now"));
    assert.equal(await readText(input, 3), "now");
  },

  async "ends after the last byte, and stays ended"({ input, output }) {
    output.write(Buffer.from("last"));
    output.close();
    assert.equal(await readText(input, 4), "last");
    assert.equal(await readChunk(input, 10), "ended");
    assert.equal(await readChunk(input, 10), "ended");
    assert.equal(input.readable.isReady(), true);
  },

  async "ends also where the end came before the last byte was read"({ input, output }) {
    output.write(Buffer.from("last"));
    output.close();
    await new Interrupt().whenAnyReady([input.readable]);
    for (let round = 0; round < 50; round += 1) await new Promise(setImmediate);
    assert.equal(await readText(input, 4), "last");
    assert.equal(await readChunk(input, 10), "ended");
  },

  async "bounds what a slow reader makes it hold, and goes on when there is room"({ input, output }) {
    const first = writeUntilFull(output);
    assert.ok(first >= streamBytesMax);
    const interrupt = new Interrupt();
    let total = first;
    let read = 0;
    // A kernel between the two takes some more; the bound is on what this process holds.
    while (total < 4 * 1_048_576) {
      while (!output.writable.isReady()) {
        const chunk = await readChunk(input, streamBytesMax);
        read += chunk.length;
        await new Promise(setImmediate);
      }
      await interrupt.whenAnyReady([output.writable]);
      total += writeUntilFull(output);
    }
    output.close();
    for (let chunk = await readChunk(input, 1_048_576); chunk !== "ended"; chunk = await readChunk(input, 1_048_576)) {
      read += chunk.length;
    }
    assert.equal(read, total);
  },

  async "tells a writer that its reader is gone"({ input, output }) {
    output.write(Buffer.from("x"));
    await readText(input, 1);
    input.close();
    const interrupt = new Interrupt();
    const write = async (): Promise<never> => {
      for (;;) {
        await interrupt.whenAnyReady([output.writable]);
        output.write(Buffer.alloc(output.capacity()));
        await new Promise(setImmediate);
      }
    };
    await assert.rejects(write(), (thrown) => isHostError("pipe")(thrown) || isHostError("connection-reset")(thrown));
    assert.equal(output.writable.isReady(), true, "an error is something to be told");
    await output.flush();
  },

  async "delivers what was written before the close"({ input, output }) {
    output.write(Buffer.from("bye"));
    output.close();
    await output.flush();
    assert.throws(() => output.capacity(), HostError);
    assert.equal(await readText(input, 3), "bye");
  },

  async "is closed twice without harm, and refuses to be used"({ input, output }) {
    input.close();
    input.close();
    output.close();
    assert.throws(() => input.read(1), isHostError("bad-descriptor"));
    assert.throws(() => output.write(Buffer.from("x")), HostError);
  },

  async "refuses more than it has room for"({ output }) {
    assert.throws(() => output.write(Buffer.alloc(output.capacity() + 1)), isHostError("invalid"));
  },

  async "ends a wait by the error of abort"({ input }) {
    const interrupt = new Interrupt();
    const error = new Error("killed");
    const wait = interrupt.whenAnyReady([input.readable]);
    assert.equal(interrupt.waiting, 1);
    interrupt.abort(error);
    await assert.rejects(wait, (thrown) => thrown === error);
    assert.equal(interrupt.waiting, 0);
  },
};

for (const [kind, make] of Object.entries(streamPairs)) {
  for (const [behaviour, run] of Object.entries(contract)) {
    test(`a stream of kind ${kind} ${behaviour}`, async () => {
      await using pair = await make();
      await run(pair);
    });
  }
}

test("a pipe stays blocking for those who share it", async () => {
  using fifo = makeFifo();
  const fd = fifo.open(constants.O_RDONLY);
  const sharer = spawn("sleep", ["60"], { stdio: [fd, "ignore", "ignore"] });
  await once(sharer, "spawn");
  const input = inputFromFd(fd);
  const output = outputFromFd(fifo.open(constants.O_WRONLY));
  output.write(Buffer.from("x"));
  assert.equal(await readText(input, 1), "x");
  const flags = /flags:\s*(\d+)/.exec(readFileSync(`/proc/${sharer.pid}/fdinfo/0`, "utf8"))?.[1] ?? "";
  assert.equal(Number.parseInt(flags, 8) & constants.O_NONBLOCK, 0);
  input.close();
  output.close();
  sharer.kill();
  await once(sharer, "exit");
});

test("an input whose writers are gone before it is looked at is at its end", async () => {
  const fifo = makeFifo();
  const fd = fifo.open(constants.O_RDONLY | constants.O_NONBLOCK);
  closeSync(fifo.open(constants.O_WRONLY));
  fifo[Symbol.dispose]();
  const input = inputFromFd(fd);
  assert.equal(await readChunk(input, 1), "ended");
  input.close();
});

test("an input that is not read takes nothing from those who read after it", async () => {
  using fifo = makeFifo();
  const output = outputFromFd(fifo.open(constants.O_WRONLY));
  output.write(Buffer.from("kept"));
  await output.flush();
  inputFromFd(fifo.open(constants.O_RDONLY)).close();
  const next = inputFromFd(fifo.open(constants.O_RDONLY));
  assert.equal(await readText(next, 4), "kept");
  next.close();
  output.close();
});

test("a pipe that lost its reader before the guest began is broken, and no trouble to the host", async () => {
  const fifo = makeFifo();
  const fd = fifo.open(constants.O_WRONLY);
  fifo[Symbol.dispose]();
  const output = outputFromFd(fd);
  assert.equal(output.writable.isReady(), true);
  assert.throws(() => output.capacity(), isHostError("pipe"));
  await output.flush();
  output.close();
});

test("a regular file is read from its position to its end", () => {
  using input = makeFileInput("line\n");
  assert.equal(input.readable.isReady(), true);
  assert.equal(Buffer.from(input.read(3) as Uint8Array).toString(), "lin");
  assert.equal(Buffer.from(input.read(30) as Uint8Array).toString(), "e\n");
  assert.equal(input.read(30), "ended");
});

test("a regular file is written at the position that others share", () => {
  using scratch = mkdtempDisposableSync(join(tmpdir(), "kwasm-file-"));
  const path = join(scratch.path, "log");
  closeSync(openSync(path, "w"));
  const outputs = [1, 2].map(() => outputFromFd(openSync(path, constants.O_WRONLY | constants.O_APPEND)));
  for (const [index, output] of outputs.entries()) output.write(Buffer.from(`line ${index}\n`));
  for (const output of outputs) output.close();
  assert.equal(readFileSync(path, "utf8"), "line 0\nline 1\n");
});

test("the null device ends at once and swallows everything", () => {
  const input = inputFromFd(openSync("/dev/null", "r"));
  assert.equal(input.read(10), "ended");
  input.close();
  const output = outputFromFd(openSync("/dev/null", "w"));
  output.write(Buffer.alloc(output.capacity()));
  output.close();
});

test("a full device is an error of the guest", () => {
  const output = outputFromFd(openSync("/dev/full", "w"));
  assert.throws(() => output.write(Buffer.from("x")), isHostError("insufficient-space"));
  output.close();
});

test("a descriptor that is not open is refused", () => {
  assert.throws(() => inputFromFd(999_999), isHostError("bad-descriptor"));
  assert.throws(() => outputFromFd(999_999), isHostError("bad-descriptor"));
});

test("bytes given in memory are read and then end", () => {
  const input = inputFromBytes(Buffer.from("ab"));
  assert.equal(Buffer.from(input.read(10) as Uint8Array).toString(), "ab");
  assert.equal(input.read(10), "ended");
  assert.equal(endedInput.read(10), "ended");
});
