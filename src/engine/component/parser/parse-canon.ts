import { type ComponentReader, unsupportedComponent } from "./component-reader.ts";
import type { CanonOptions, CanonSource, StringEncoding } from "./definitions.ts";
import { readCoreValueType } from "./parse-core-types.ts";
import { readResult } from "./parse-types.ts";

type CanonReader = (reader: ComponentReader) => CanonSource;

const canonReaders: ReadonlyMap<number, CanonReader> = new Map<number, CanonReader>([
  [0x00, readLift],
  [0x01, readLower],
  [0x02, (reader) => ({ kind: "resource.new", resource: reader.u32("a resource") })],
  [0x03, (reader) => ({ kind: "resource.drop", resource: reader.u32("a resource") })],
  [0x04, (reader) => ({ kind: "resource.rep", resource: reader.u32("a resource") })],
  [0x24, () => ({ kind: "backpressure.inc" })],
  [0x25, () => ({ kind: "backpressure.dec" })],
  [0x09, (reader) => ({ kind: "task.return", result: readResult(reader), options: readOptions(reader) })],
  [0x05, () => ({ kind: "task.cancel" })],
  [0x0a, (reader) => readContext(reader, "context.get")],
  [0x0b, (reader) => readContext(reader, "context.set")],
  [0x06, (reader) => ({ kind: "subtask.cancel", async: reader.flag("an async mark") })],
  [0x0d, () => ({ kind: "subtask.drop" })],
  [0x0e, (reader) => readCopy(reader, "stream", "new")],
  [0x0f, (reader) => readTransfer(reader, "stream", "read")],
  [0x10, (reader) => readTransfer(reader, "stream", "write")],
  [0x11, (reader) => readCancel(reader, "stream", "read")],
  [0x12, (reader) => readCancel(reader, "stream", "write")],
  [0x13, (reader) => readCopy(reader, "stream", "drop-readable")],
  [0x14, (reader) => readCopy(reader, "stream", "drop-writable")],
  [0x15, (reader) => readCopy(reader, "future", "new")],
  [0x16, (reader) => readTransfer(reader, "future", "read")],
  [0x17, (reader) => readTransfer(reader, "future", "write")],
  [0x18, (reader) => readCancel(reader, "future", "read")],
  [0x19, (reader) => readCancel(reader, "future", "write")],
  [0x1a, (reader) => readCopy(reader, "future", "drop-readable")],
  [0x1b, (reader) => readCopy(reader, "future", "drop-writable")],
  [0x1c, (reader) => ({ kind: "error-context.new", options: readOptions(reader) })],
  [0x1d, (reader) => ({ kind: "error-context.debug-message", options: readOptions(reader) })],
  [0x1e, () => ({ kind: "error-context.drop" })],
  [0x1f, () => ({ kind: "waitable-set.new" })],
  [0x20, (reader) => readWaiting(reader, "waitable-set.wait")],
  [0x21, (reader) => readWaiting(reader, "waitable-set.poll")],
  [0x22, () => ({ kind: "waitable-set.drop" })],
  [0x23, () => ({ kind: "waitable.join" })],
  [0x0c, (reader) => ({ kind: "thread.yield", cancellable: reader.flag("a cancellable mark") })],
]);

/** The first number of those that stand for threads. */
const threadCodes: ReadonlySet<number> = new Set([0x26, 0x27, 0x28, 0x29, 0x2a, 0x2b, 0x2c, 0x2d, 0x40, 0x41, 0x42]);

/** An entry of a canon section. */
export function readCanon(reader: ComponentReader): CanonSource {
  const offset = reader.position;
  const code = reader.byte("a canonical function");
  const read = canonReaders.get(code);
  if (read !== undefined) return read(reader);
  if (threadCodes.has(code)) throw unsupportedComponent(offset, "threads");
  throw reader.corrupt(`the canonical function "${code}" does not exist`);
}

function expectFunctionSort(reader: ComponentReader): void {
  if (reader.byte("a sort") !== 0x00) throw reader.corrupt("what is lifted or lowered is no function");
}

function readLift(reader: ComponentReader): CanonSource {
  expectFunctionSort(reader);
  const index = reader.u32("a core function");
  const options = readOptions(reader);
  return { kind: "lift", function: index, options, type: reader.u32("the type of a function") };
}

function readLower(reader: ComponentReader): CanonSource {
  expectFunctionSort(reader);
  const index = reader.u32("a function");
  return { kind: "lower", function: index, options: readOptions(reader) };
}

function readContext(reader: ComponentReader, kind: "context.get" | "context.set"): CanonSource {
  const type = readCoreValueType(reader);
  if (type !== "i32") throw unsupportedComponent(reader.position, `a context of type "${type}"`);
  return { kind, index: reader.u32("the index of a context") };
}

function readCopy(
  reader: ComponentReader,
  of: "stream" | "future",
  name: "new" | "drop-readable" | "drop-writable",
): CanonSource {
  return { kind: "copy", of, name, type: reader.u32(`the type of a ${of}`) };
}

function readTransfer(reader: ComponentReader, of: "stream" | "future", name: "read" | "write"): CanonSource {
  const type = reader.u32(`the type of a ${of}`);
  return { kind: "transfer", of, name, type, options: readOptions(reader) };
}

function readCancel(reader: ComponentReader, of: "stream" | "future", name: "read" | "write"): CanonSource {
  const type = reader.u32(`the type of a ${of}`);
  return { kind: "cancel", of, name, type, async: reader.flag("an async mark") };
}

function readWaiting(reader: ComponentReader, kind: "waitable-set.wait" | "waitable-set.poll"): CanonSource {
  const cancellable = reader.flag("a cancellable mark");
  return { kind, cancellable, memory: reader.u32("a memory") };
}

const encodings: readonly StringEncoding[] = ["utf8", "utf16", "latin1+utf16"];

/** Options with numbers of their own; encodings share one place. */
const optionNames = ["memory", "realloc", "postReturn", "async", "callback"] as const;

/** More than there are kinds cannot stand without a doubled one. */
const optionsMax = 8;

function readOptions(reader: ComponentReader): CanonOptions {
  const found = new Map<string, number>();
  let encoding: StringEncoding | undefined;
  reader.list("options of one canonical function", optionsMax, () => {
    const code = reader.byte("a canonical option");
    const ofStrings = encodings[code];
    const name = optionNames[code - encodings.length];
    if (ofStrings !== undefined) {
      if (encoding !== undefined) throw reader.corrupt("a canonical function has two string encodings");
      encoding = ofStrings;
    } else if (name !== undefined) {
      if (found.has(name)) throw reader.corrupt(`the canonical option "${name}" stands twice`);
      found.set(name, name === "async" ? 1 : reader.u32("the index of a canonical option"));
    } else {
      throw reader.corrupt(`the canonical option "${code}" does not exist`);
    }
  });
  return {
    encoding: encoding ?? "utf8",
    memory: found.get("memory"),
    realloc: found.get("realloc"),
    postReturn: found.get("postReturn"),
    async: found.has("async"),
    callback: found.get("callback"),
  };
}
