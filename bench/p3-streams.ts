import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Duplex, PassThrough, Readable, Transform, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setImmediate as breathe, setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import {
  compileComponent,
  type ComponentPlan,
  discardedOutput,
  endedInput,
  type InputStream,
  type OutputStream,
  startComponent,
} from "../src/engine/index.ts";
import { fetchJco, runJco } from "./measure/jco.ts";
import { printReport, type Row } from "./measure/report.ts";

/**
 * What goes through a guest of WASI 0.3, which reads its stdin and writes its stdout by streams: how fast, with how much
 * memory, and how much is under way where the reader is slow; beside a pipe of node:stream. Then what many guests cost
 * that wait for their input.
 */
const { values } = parseArgs({
  options: {
    bytes: { type: "string", default: String(2 ** 30) },
    guests: { type: "string", default: "1000" },
    json: { type: "boolean" },
  },
});

const CHUNK_BYTES = 65_536;
/** What goes in, again and again: making it is not what is measured. */
const chunk = Buffer.alloc(CHUNK_BYTES, 0x61);

const MEMORY_BYTES_MAX = 16 * 1024 * 1024;

/** What went in and out, and the most that was between. */
class Counter {
  readonly #bytesMax: number;
  in = 0;
  out = 0;
  underWayMax = 0;
  residentMax = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** The next chunk, until as much went in as is to go. */
  give(bytesMax: number): Uint8Array | undefined {
    const length = Math.min(bytesMax, CHUNK_BYTES, this.#bytesMax - this.in);
    if (length === 0) return undefined;
    this.in += length;
    this.underWayMax = Math.max(this.underWayMax, this.in - this.out);
    return chunk.subarray(0, length);
  }

  take(length: number): void {
    this.out += length;
    // Asking the system each time would be what is measured.
    if (this.out % (256 * CHUNK_BYTES) >= length) return;
    this.residentMax = Math.max(this.residentMax, process.memoryUsage.rss());
  }
}

function inputOf(counter: Counter): InputStream {
  return { ...endedInput, read: (bytesMax) => counter.give(bytesMax) ?? "ended" };
}

function outputOf(counter: Counter): OutputStream {
  return { ...discardedOutput, write: (bytes) => counter.take(bytes.length) };
}

/** Takes one chunk in each round of the event loop. */
function slowOutputOf(counter: Counter): OutputStream {
  let isFull = false;
  return {
    ...outputOf(counter),
    capacity: () => (isFull ? 0 : CHUNK_BYTES),
    write(bytes) {
      isFull = true;
      counter.take(bytes.length);
    },
    writable: {
      isReady: () => !isFull,
      onReady(callback) {
        const immediate = setImmediate(() => {
          isFull = false;
          callback();
        });
        return () => clearImmediate(immediate);
      },
    },
  };
}

/** Figures of what moves all bytes of a counter. */
async function measure(bytes: number, move: (counter: Counter) => Promise<void>): Promise<Row["figures"]> {
  const counter = new Counter(bytes);
  const before = process.memoryUsage.rss();
  const [startedAt, cpu] = [performance.now(), process.cpuUsage()];
  await move(counter);
  const { user, system } = process.cpuUsage(cpu);
  if (counter.out !== bytes) throw new Error(`"${counter.out}" of "${bytes}" bytes arrived`);
  return {
    "MB/s": bytes / 1e3 / (performance.now() - startedAt),
    "CPU ms": (user + system) / 1e3,
    "more RSS, MB": Math.max(0, counter.residentMax - before) / 1e6,
    "under way at most, KiB": counter.underWayMax / 1024,
  };
}

async function throughGuest(plan: ComponentPlan, stdin: InputStream, stdout: OutputStream): Promise<void> {
  const guest = await startComponent(plan, { memoryBytesMax: MEMORY_BYTES_MAX, stdin, stdout });
  const end = await guest.ended;
  if (end.kind !== "exit" || end.code !== 0) throw new Error(`the guest ended by "${JSON.stringify(end)}"`);
}

/** Copies each byte in and out, as a guest's memory makes it necessary. */
function copier(): Transform {
  return new Transform({
    highWaterMark: CHUNK_BYTES,
    transform(piece: Uint8Array, _encoding, done) {
      done(null, Uint8Array.from(Uint8Array.from(piece)));
    },
  });
}

async function throughNode(counter: Counter, middle: Duplex): Promise<void> {
  const source = new Readable({
    highWaterMark: CHUNK_BYTES,
    read() {
      this.push(counter.give(CHUNK_BYTES) ?? null);
    },
  });
  const sink = new Writable({
    highWaterMark: CHUNK_BYTES,
    write(piece: Uint8Array, _encoding, done) {
      counter.take(piece.length);
      done();
    },
  });
  await pipeline(source, middle, sink);
}

/** CPU of so many guests that wait for input, in two seconds. */
async function waiting(plan: ComponentPlan, count: number): Promise<Row["figures"]> {
  const never: InputStream = {
    ...endedInput,
    readable: { isReady: () => false, onReady: () => () => undefined },
    read: () => undefined,
  };
  const guests = [];
  for (let index = 0; index < count; index++) {
    guests.push(await startComponent(plan, { memoryBytesMax: MEMORY_BYTES_MAX, stdin: never }));
  }
  while (process.getActiveResourcesInfo().includes("Immediate")) await breathe();
  const cpu = process.cpuUsage();
  await sleep(2_000);
  const { user, system } = process.cpuUsage(cpu);
  for (const guest of guests) guest.kill("the measurement is over");
  await Promise.all(guests.map(({ ended }) => ended));
  return { "CPU ms": (user + system) / 1e3 };
}

async function main(): Promise<void> {
  const folder = fetchJco();
  const component = join(folder, "copy-p3.wasm");
  runJco(folder, "parse", join(import.meta.dirname, "guests/copy-p3.wat"), "-o", component);
  const plan = await compileComponent(readFileSync(component), { memoryBytesMax: MEMORY_BYTES_MAX });
  const [bytes, count] = [Number(values.bytes), Number(values.guests)];
  await measure(bytes / 16, (counter) => throughGuest(plan, inputOf(counter), outputOf(counter)));
  const passing = () => new PassThrough({ highWaterMark: CHUNK_BYTES });
  for (const middle of [passing, copier]) await measure(bytes / 16, (counter) => throughNode(counter, middle()));
  const node = await measure(bytes, (counter) => throughNode(counter, passing()));
  const copying = await measure(bytes, (counter) => throughNode(counter, copier()));
  const guest = await measure(bytes, (counter) => throughGuest(plan, inputOf(counter), outputOf(counter)));
  const slow = await measure(bytes / 16, (counter) => throughGuest(plan, inputOf(counter), slowOutputOf(counter)));
  const beside = (other: Row["figures"]) => ({
    ...other,
    "CPU of the guest's": (other["CPU ms"] ?? Number.NaN) / (guest["CPU ms"] ?? Number.NaN),
  });
  printReport({
    bench: "p3-streams",
    notes: [
      `"${bytes}" bytes in pieces of "${CHUNK_BYTES}", a sixteenth of that where the reader is slow: it takes one piece a round of the event loop`,
      "a guest's memory is written and read, so each byte is copied twice; a PassThrough copies none",
    ],
    rows: [
      { what: "a guest of WASI 0.3", figures: guest },
      { what: "node:stream with a Transform that copies twice", figures: beside(copying) },
      { what: "node:stream with a PassThrough", figures: beside(node) },
      { what: "a guest with a slow reader", figures: slow },
      { what: `${count} guests that wait, 2 s`, figures: await waiting(plan, count) },
    ],
  });
}

await main();
