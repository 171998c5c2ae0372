import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import {
  compileComponent,
  type ComponentPlan,
  drainStream,
  type HostImports,
  type StreamSink,
  type StreamSource,
} from "./index.ts";
import { copyingCommand } from "./testing/copying-component.ts";

const memoryBytesMax = 2 ** 24;

/** A source of pieces, where an undefined one says that there is nothing yet. */
class Pieces implements StreamSource {
  readonly #pieces: (Uint8Array | undefined)[];
  closed = 0;

  constructor(pieces: readonly (Uint8Array | undefined)[]) {
    this.#pieces = [...pieces];
  }

  read(elementsMax: number): Uint8Array | "ended" | undefined {
    if (this.#pieces.length === 0) return "ended";
    const piece = this.#pieces.shift();
    if (piece === undefined || piece.length <= elementsMax) return piece;
    this.#pieces.unshift(piece.subarray(elementsMax));
    return piece.subarray(0, elementsMax);
  }

  onReadable(callback: () => void): () => void {
    const immediate = setImmediate(callback);
    return () => clearImmediate(immediate);
  }

  close(): void {
    this.closed += 1;
  }
}

/** A sink that has so much room at a time, and says so in a while. */
class Bucket implements StreamSink {
  readonly #roomMax: number;
  #room: number;
  readonly taken: Uint8Array[] = [];
  refusesAfter = Number.POSITIVE_INFINITY;

  constructor(roomMax: number) {
    this.#roomMax = roomMax;
    this.#room = roomMax;
  }

  capacity(): number {
    if (this.taken.length >= this.refusesAfter) throw new Error("the reader is gone");
    return this.#room;
  }

  write(elements: unknown): void {
    assert.ok(elements instanceof Uint8Array && elements.length <= this.#room, "no more is given than there is room");
    this.#room -= elements.length;
    this.taken.push(elements);
  }

  onWritable(callback: () => void): void {
    setImmediate(() => {
      this.#room = this.#roomMax;
      callback();
    });
  }
}

function hostOf(source: StreamSource, sink: StreamSink): HostImports {
  const never = new Promise<object>(() => undefined);
  return {
    interfaces: {
      "wasi:cli/stdin@0.3.0": { functions: { "read-via-stream": () => [source, { future: never }] }, resources: {} },
      "wasi:cli/stdout@0.3.0": {
        functions: {
          "write-via-stream": (data: object) => ({
            future: drainStream(data, sink).then(
              () => ({ tag: "ok" }),
              () => ({ tag: "err", value: "pipe" }),
            ),
          }),
        },
        resources: {},
      },
    },
  };
}

let compiled: Promise<ComponentPlan> | undefined;

/** Copies through the guest and answers with what its `run` says. */
async function copy(source: StreamSource, sink: StreamSink): Promise<unknown> {
  compiled ??= compileComponent(copyingCommand(), { memoryBytesMax });
  const instance = (await compiled).instantiate(hostOf(source, sink));
  return instance.find("run", "wasi:cli/run@0.3.0")?.call();
}

test("what goes through a guest arrives whole and in order, whatever the sizes of pieces and of the room are", async () => {
  const piece = fc.option(fc.uint8Array({ minLength: 1, maxLength: 300 }), { nil: undefined });
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 12 }), fc.integer({ min: 1, max: 400 }), async (pieces, room) => {
      const [source, sink] = [new Pieces(pieces), new Bucket(room)];
      assert.deepEqual(await copy(source, sink), { tag: "ok" });
      assert.deepEqual(Buffer.concat(sink.taken), Buffer.concat(pieces.filter((one) => one !== undefined)));
      assert.equal(source.closed, 1);
    }),
    { numRuns: 60 },
  );
});

test("a guest whose reader is gone is told, and what it reads from is closed", async () => {
  const [source, sink] = [new Pieces(Array.from({ length: 9 }, () => new Uint8Array(10))), new Bucket(100)];
  sink.refusesAfter = 2;
  assert.deepEqual(await copy(source, sink), { tag: "err" });
  assert.equal(source.closed, 1);
  assert.equal(sink.taken.length, 2);
});

test("a guest that waits for nobody is ended from outside, and is not written to afterwards", async () => {
  const callBacks: (() => void)[] = [];
  let asked = 0;
  const source: StreamSource = {
    read: () => void (asked += 1),
    onReadable: (callback) => {
      callBacks.push(callback);
      return () => undefined;
    },
    close: () => undefined,
  };
  const plan = await compileComponent(copyingCommand(), { memoryBytesMax });
  const instance = plan.instantiate(hostOf(source, new Bucket(1)));
  const run = instance.find("run", "wasi:cli/run@0.3.0")?.call() ?? Promise.resolve();
  await new Promise((resolve) => setImmediate(resolve));
  const reason = new WebAssembly.RuntimeError("it was ended");
  instance.abort(reason);
  await assert.rejects(run, (error) => error === reason);
  assert.equal(callBacks.length, 1);
  callBacks.forEach((callBack) => callBack());
  assert.equal(asked, 1);
});

test("what a source throws ends the guest", async () => {
  const source: StreamSource = {
    read() {
      throw new Error("the disk is gone");
    },
    onReadable: () => () => undefined,
    close: () => undefined,
  };
  await assert.rejects(copy(source, new Bucket(1)), /the disk is gone/);
});
