import assert from "node:assert/strict";
import { test } from "node:test";
import { CancellableAnswer, type StreamSource } from "../component/index.ts";
import { createMemoryPipe, inputFromBytes, PauseGate } from "../host/index.ts";
import { grantScratch } from "../host/files/grant-fixture.ts";
import type { P2Config, P2Host } from "../p2/index.ts";
import { createP3Host } from "./p3-host.ts";

/** How many functions each interface of WASI 0.3 has, counted in its WIT, methods of its resources among them. */
const functionCounts: Readonly<Record<string, number>> = {
  "wasi:cli/environment": 3,
  "wasi:cli/exit": 2,
  "wasi:cli/stdin": 1,
  "wasi:cli/stdout": 1,
  "wasi:cli/stderr": 1,
  "wasi:cli/terminal-input": 0,
  "wasi:cli/terminal-output": 0,
  "wasi:cli/terminal-stdin": 1,
  "wasi:cli/terminal-stdout": 1,
  "wasi:cli/terminal-stderr": 1,
  "wasi:clocks/monotonic-clock": 4,
  "wasi:clocks/system-clock": 2,
  "wasi:clocks/timezone": 3,
  "wasi:filesystem/types": 25,
  "wasi:filesystem/preopens": 1,
  "wasi:http/types": 35,
  "wasi:http/client": 1,
  "wasi:random/random": 2,
  "wasi:random/insecure": 2,
  "wasi:random/insecure-seed": 1,
  "wasi:sockets/types": 40,
  "wasi:sockets/ip-name-lookup": 1,
};

/** A component's end of a host, for a test: calls by name, as a guest makes them. */
class Caller {
  readonly host: P2Host;

  constructor(config: Partial<P2Config> = {}) {
    this.host = createP3Host({ onExit: (code) => new Error(`exited with ${code}`), ...config });
  }

  call(name: string, ...parameters: readonly unknown[]): unknown {
    const [interfaceName = "", member = ""] = name.split("#");
    const source = this.host.imports.interfaces[`${interfaceName}@0.3.2`]?.functions[member];
    assert.ok(typeof source === "function", `there is no "${name}" that is no suspending function`);
    return Reflect.apply(source, undefined, parameters);
  }

  async check(expected: unknown, name: string, ...parameters: readonly unknown[]): Promise<void> {
    assert.deepEqual(await this.call(name, ...parameters), expected);
  }

  /** A stream and the future beside it, as functions answer with them. */
  reading(name: string, ...parameters: readonly unknown[]) {
    return this.call(name, ...parameters) as readonly [StreamSource, { readonly future: Promise<unknown> }];
  }

  async root(): Promise<unknown> {
    const [[root]] = (await this.call("wasi:filesystem/preopens#get-directories")) as [[object, string]];
    return root;
  }

  /** The descriptor of a call of `open-at` that must go well. */
  async open(root: unknown, path: string, open: readonly string[], flags: readonly string[]): Promise<unknown> {
    const answer = await this.call(`${descriptor}open-at`, root, none, path, new Set(open), new Set(flags));
    assert.ok(typeof answer === "object" && answer !== null && "value" in answer);
    return answer.value;
  }
}

const descriptor = "wasi:filesystem/types#[method]descriptor.";
const none = new Set<string>();
const ok = { tag: "ok" };
const failed = (tag: string) => ({ tag: "err", value: { tag } });

test("offers every function of the packages, in any version of 0.3 and in the release candidate", () => {
  const { host } = new Caller();
  for (const version of ["0.3.2", "0.3.0-rc-2026-03-15"]) {
    const counts = Object.entries(host.imports.interfaces).flatMap(([name, { functions }]) =>
      name.endsWith(`@${version}`) ? [[name.replace(/@.*/u, ""), Object.keys(functions).length]] : [],
    );
    assert.deepEqual(Object.fromEntries(counts), functionCounts);
  }
  assert.equal(host.offers("wasi:cli/exit@0.3.0"), true);
  assert.equal(host.offers("wasi:cli/exit@0.2.6"), true);
  assert.equal(host.offers("wasi:cli/exit@0.3.0-rc-2026-03-15"), true);
  assert.equal(host.offers("wasi:cli/exit@0.3.0-rc-2026-02-09"), false);
});

test("input is read as far as it is asked for, and two streams of it take turns", async () => {
  const caller = new Caller({ stdin: inputFromBytes(Buffer.from("hello")) });
  const [one, outcome] = caller.reading("wasi:cli/stdin#read-via-stream");
  const [two] = caller.reading("wasi:cli/stdin#read-via-stream");
  assert.deepEqual(await read(one, 2), Buffer.from("he"));
  assert.deepEqual(await read(two, 9), Buffer.from("llo"));
  assert.equal(await read(one, 9), "ended");
  one.close();
  assert.deepEqual(await outcome.future, ok);
});

test("a stream of input that is dropped unread ends well and has taken nothing", async () => {
  const pipe = createMemoryPipe();
  const caller = new Caller({ stdin: pipe.input });
  const [stream, outcome] = caller.reading("wasi:cli/stdin#read-via-stream");
  assert.equal(stream.read(0), undefined);
  stream.close();
  assert.deepEqual(await outcome.future, ok);
  pipe.output.write(Buffer.from("x"));
  assert.deepEqual(pipe.input.read(1), Buffer.from("x"));
});

/** Waits where there is nothing yet, as the engine does for a guest. */
async function read(stream: StreamSource, elementsMax: number): Promise<ReturnType<StreamSource["read"]>> {
  for (;;) {
    const piece = stream.read(elementsMax);
    if (piece !== undefined) return piece;
    await new Promise<void>((resolve) => void stream.onReadable(resolve));
  }
}

test("a moment that has passed is there at once, a wait can be taken back and the end ends it", async () => {
  const caller = new Caller();
  const clock = "wasi:clocks/monotonic-clock#";
  await caller.check(undefined, `${clock}wait-until`, 0n);
  const short = caller.call(`${clock}wait-for`, 1_000_000n);
  const long = caller.call(`${clock}wait-for`, 2n ** 63n);
  const longest = caller.call(`${clock}wait-until`, 2n ** 64n - 1n);
  assert.ok(short instanceof CancellableAnswer && long instanceof CancellableAnswer);
  assert.ok(longest instanceof CancellableAnswer);
  await short.answer;
  long.cancel();
  await long.answer;
  caller.host.close();
  await assert.rejects(longest.answer, /the guest has ended/);
});

test("a paused guest is answered when it may go on", async () => {
  using grant = grantScratch();
  const gate = new PauseGate();
  const caller = new Caller({ preopens: [grant.tree], gate });
  const root = await caller.root();
  gate.close();
  const answer = caller.call(`${descriptor}get-type`, root);
  assert.ok(answer instanceof Promise);
  let isAnswered = false;
  void answer.then(() => (isAnswered = true));
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(isAnswered, false);
  gate.open();
  assert.deepEqual(await answer, { tag: "ok", value: { tag: "directory" } });
});

test("what is insecure is the same each time only where it is a seed, and a call may be given fewer bytes", async () => {
  const caller = new Caller();
  const seed = caller.call("wasi:random/insecure-seed#get-insecure-seed");
  await caller.check(seed, "wasi:random/insecure-seed#get-insecure-seed");
  const bytes = caller.call("wasi:random/random#get-random-bytes", 2n ** 64n - 1n);
  assert.ok(bytes instanceof Uint8Array && bytes.length === 16 * 1_048_576);
});

test("files are opened, listed and described as 0.3 has it, and nowhere but under their grant", async () => {
  using grant = grantScratch();
  const caller = new Caller({ preopens: [grant.tree] });
  const root = await caller.root();
  // Who creates means to write.
  const file = await caller.open(root, "f", ["create", "exclusive"], ["read"]);
  await caller.check({ tag: "ok", value: new Set(["read", "write"]) }, `${descriptor}get-flags`, file);
  const again = await caller.open(root, ".", [], []);
  await caller.check({ tag: "ok", value: new Set(["read"]) }, `${descriptor}get-flags`, again);
  await caller.check({ tag: "ok", value: { tag: "regular-file" } }, `${descriptor}get-type`, file);
  await caller.check(failed("no-entry"), `${descriptor}stat-at`, root, none, "x");
  await caller.check(failed("not-permitted"), `${descriptor}unlink-file-at`, root, "../f");
  await caller.check(failed("bad-descriptor"), `${descriptor}advise`, root, 0n, 0n, "normal");
  await caller.check(ok, `${descriptor}symlink-at`, root, "..", "up");
  await caller.check(failed("not-permitted"), `${descriptor}remove-directory-at`, root, "up/");
  await caller.check(ok, `${descriptor}sync`, file);
  const [entries, outcome] = caller.reading(`${descriptor}read-directory`, root);
  const listed = await read(entries, 9);
  assert.ok(Array.isArray(listed));
  const entriesListed = listed as readonly { readonly name: string; readonly type: { readonly tag: string } }[];
  assert.deepEqual(
    new Set(entriesListed.map(({ name, type }) => `${name} ${type.tag}`)),
    new Set(["f regular-file", "up symbolic-link"]),
  );
  assert.equal(await read(entries, 9), "ended");
  entries.close();
  assert.deepEqual(await outcome.future, ok);
});

test("what cannot be read or listed is at its end, and the future beside it says why", async () => {
  using grant = grantScratch();
  const caller = new Caller({ preopens: [grant.tree] });
  const root = await caller.root();
  const file = await caller.open(root, "f", ["create"], ["write"]);
  for (const [name, self, expected] of [
    ["read-via-stream", root, "is-directory"],
    ["read-via-stream", file, "bad-descriptor"],
    ["read-directory", file, "not-directory"],
  ] as const) {
    const [stream, outcome] = caller.reading(`${descriptor}${name}`, self, 0n);
    assert.equal(await read(stream, 1), "ended");
    assert.deepEqual(await outcome.future, failed(expected));
  }
});

test("times before 1970 count up from the second before", async () => {
  const caller = new Caller({
    clocks: { realtimeNs: () => -1n, monotonicNs: () => 0n, processCpuNs: () => 0n, threadCpuNs: () => 0n },
  });
  await caller.check({ seconds: -1n, nanoseconds: 999_999_999 }, "wasi:clocks/system-clock#now");
});
