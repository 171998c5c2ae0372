import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { createMemoryPipe, inputFromBytes, PauseGate } from "../host/index.ts";
import { grantScratch } from "../host/files/grant-fixture.ts";
import { createP2Host, type P2Config, type P2Host } from "./p2-host.ts";

/** How many functions each interface of WASI 0.2.12 has, counted in its WIT, methods of its resources among them. */
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
  "wasi:clocks/wall-clock": 2,
  "wasi:clocks/timezone": 2,
  "wasi:filesystem/types": 29,
  "wasi:filesystem/preopens": 1,
  "wasi:http/types": 52,
  "wasi:http/outgoing-handler": 1,
  "wasi:io/error": 1,
  "wasi:io/poll": 3,
  "wasi:io/streams": 15,
  "wasi:random/random": 2,
  "wasi:random/insecure": 2,
  "wasi:random/insecure-seed": 1,
  "wasi:sockets/network": 1,
  "wasi:sockets/instance-network": 1,
  "wasi:sockets/ip-name-lookup": 3,
  "wasi:sockets/tcp-create-socket": 1,
  "wasi:sockets/tcp": 28,
  "wasi:sockets/udp-create-socket": 1,
  "wasi:sockets/udp": 18,
};

/** A component's end of a host, for a test: calls by name, as a guest makes them. */
class Caller {
  readonly host: P2Host;

  constructor(config: Partial<P2Config> = {}) {
    this.host = createP2Host({ onExit: (code) => new Error(`exited with ${code}`), ...config });
  }

  async call(name: string, ...parameters: readonly unknown[]): Promise<unknown> {
    const [interfaceName = "", member = ""] = name.split("#");
    const source = this.host.imports.interfaces[`${interfaceName}@0.2.12`]?.functions[member];
    assert.ok(source, `there is no "${name}"`);
    const call = typeof source === "function" ? source : source.suspending;
    return Reflect.apply(call, undefined, parameters);
  }

  /** The value of a call that must go well. */
  async value(name: string, ...parameters: readonly unknown[]): Promise<unknown> {
    const answer = await this.call(name, ...parameters);
    assert.ok(typeof answer === "object" && answer !== null && "tag" in answer && answer.tag === "ok", inspect(answer));
    return "value" in answer ? answer.value : undefined;
  }

  async check(expected: unknown, name: string, ...parameters: readonly unknown[]): Promise<void> {
    assert.deepEqual(await this.call(name, ...parameters), expected);
  }
}

const streams = "wasi:io/streams#[method]";
const descriptor = "wasi:filesystem/types#[method]descriptor.";
const follow = new Set(["symlink-follow"]);
const none = new Set<string>();

test("offers every function of the packages, in any version of 0.2", () => {
  const { host } = new Caller();
  const counts = Object.entries(host.imports.interfaces).flatMap(([name, { functions }]) => {
    return name.endsWith("@0.2.12") ? [[name.replace(/@.*/u, ""), Object.keys(functions).length]] : [];
  });
  assert.deepEqual(Object.fromEntries(counts), functionCounts);
  assert.equal(host.offers("wasi:cli/exit@0.2.0"), true);
  assert.equal(host.offers("wasi:cli/exit@0.2.0-rc-2023-11-10"), true);
  assert.equal(host.offers("wasi:cli/exit@0.2.0-rc-2023-12-05"), false);
  assert.equal(host.offers("wasi:cli/exit@0.3.0"), false);
});

test("gives arguments, variables and streams, and nothing else", async () => {
  const caller = new Caller({ args: ["a", "b"], env: [["K", "v"]] });
  await caller.check(["a", "b"], "wasi:cli/environment#get-arguments");
  await caller.check([["K", "v"]], "wasi:cli/environment#get-environment");
  await caller.check([], "wasi:filesystem/preopens#get-directories");
  await caller.check(undefined, "wasi:cli/terminal-stdout#get-terminal-stdout");
  await assert.rejects(caller.call("wasi:cli/exit#exit", { tag: "err" }), /exited with 1/);
});

test("input is read to its end, also by another view of it", async () => {
  const caller = new Caller({ stdin: inputFromBytes(Buffer.from("hello")) });
  const one = await caller.call("wasi:cli/stdin#get-stdin");
  const two = await caller.call("wasi:cli/stdin#get-stdin");
  await caller.check({ tag: "ok", value: Buffer.from("he") }, `${streams}input-stream.blocking-read`, one, 2n);
  await caller.check({ tag: "ok", value: 2n }, `${streams}input-stream.skip`, two, 2n);
  await caller.check({ tag: "ok", value: 1n }, `${streams}input-stream.blocking-skip`, two, 9n);
  await caller.check({ tag: "err", value: { tag: "closed" } }, `${streams}input-stream.read`, one, 9n);
});

test("a write that was not permitted ends the guest, one that was goes out", async () => {
  const pipe = createMemoryPipe();
  const caller = new Caller({ stdout: pipe.output });
  const stdout = await caller.call("wasi:cli/stdout#get-stdout");
  await assert.rejects(caller.call(`${streams}output-stream.write`, stdout, Buffer.from("x")), /ask check-write first/);
  await caller.value(`${streams}output-stream.check-write`, stdout);
  await caller.check({ tag: "ok" }, `${streams}output-stream.write`, stdout, Buffer.from("x"));
  await caller.value(`${streams}output-stream.write-zeroes`, stdout, 2n);
  assert.deepEqual([pipe.input.read(9), pipe.input.read(9)], [Buffer.from("x"), new Uint8Array(2)]);
  const large = Buffer.alloc(4_097);
  await assert.rejects(
    caller.call(`${streams}output-stream.blocking-write-and-flush`, stdout, large),
    /at most "4096"/,
  );
});

test("a poll answers with what is ready and waits for the rest by callback", async () => {
  const pipe = createMemoryPipe();
  const caller = new Caller({ stdin: pipe.input });
  const stdin = await caller.call("wasi:cli/stdin#get-stdin");
  const readable = await caller.call(`${streams}input-stream.subscribe`, stdin);
  const soon = await caller.call("wasi:clocks/monotonic-clock#subscribe-duration", 1_000_000n);
  const never = await caller.call("wasi:clocks/monotonic-clock#subscribe-instant", 2n ** 64n - 1n);
  await caller.check([1], "wasi:io/poll#poll", [never, soon, readable]);
  pipe.output.write(Buffer.from("x"));
  await caller.check([1], "wasi:io/poll#poll", [never, readable]);
  await caller.check(false, "wasi:io/poll#[method]pollable.ready", never);
  await assert.rejects(caller.call("wasi:io/poll#poll", []), /poll "0" pollables/);
});

test("a guest that is ended waits no longer and is answered no more", async () => {
  const caller = new Caller({ stdin: createMemoryPipe().input, gate: new PauseGate() });
  const stdin = await caller.call("wasi:cli/stdin#get-stdin");
  const reading = caller.call(`${streams}input-stream.blocking-read`, stdin, 1n);
  const end = new Error("killed");
  caller.host.abort(end);
  await assert.rejects(reading, (error) => error === end);
  await assert.rejects(caller.call("wasi:random/random#get-random-u64"), (error) => error === end);
});

test("files are opened, written, read and listed under their grant, and nowhere else", async () => {
  using grant = grantScratch();
  const caller = new Caller({ preopens: [grant.tree] });
  const [[root]] = (await caller.call("wasi:filesystem/preopens#get-directories")) as [[object, string]];
  const flags = new Set(["read", "write"]);
  const file = await caller.value(`${descriptor}open-at`, root, follow, "f", new Set(["create"]), flags);
  await caller.check({ tag: "ok", value: 5n }, `${descriptor}write`, file, Buffer.from("hello"), 0n);
  await caller.check(
    { tag: "ok", value: [Uint8Array.from(Buffer.from("ell")), false] },
    `${descriptor}read`,
    file,
    3n,
    1n,
  );
  await caller.check({ tag: "ok", value: flags }, `${descriptor}get-flags`, file);
  await caller.check({ tag: "ok" }, `${descriptor}sync`, file);
  await caller.check({ tag: "ok" }, `${descriptor}rename-at`, root, "f", root, "g");
  const list = await caller.value(`${descriptor}read-directory`, root);
  const read = "wasi:filesystem/types#[method]directory-entry-stream.read-directory-entry";
  await caller.check({ tag: "ok", value: { type: "regular-file", name: "g" } }, read, list);
  await caller.check({ tag: "ok" }, read, list);
  await caller.check({ tag: "err", value: "not-permitted" }, `${descriptor}stat-at`, root, follow, "../etc");
  await caller.check({ tag: "err", value: "no-entry" }, `${descriptor}open-at`, root, follow, "x", none, none);
  await caller.check({ tag: "err", value: "not-directory" }, `${descriptor}stat-at`, file, follow, "x");
});

test("a stream over a file outlives its descriptor, and its end gives the file back", async () => {
  using grant = grantScratch();
  const caller = new Caller({ preopens: [grant.tree] });
  const { descriptor: type } = caller.host.imports.interfaces["wasi:filesystem/types@0.2.12"]?.resources ?? {};
  const { "output-stream": stream } = caller.host.imports.interfaces["wasi:io/streams@0.2.12"]?.resources ?? {};
  const [[root]] = (await caller.call("wasi:filesystem/preopens#get-directories")) as [[object, string]];
  const create = new Set(["create"]);
  const file = await caller.value(`${descriptor}open-at`, root, follow, "f", create, new Set(["write"]));
  const output = await caller.value(`${descriptor}append-via-stream`, file);
  const drop = (of: typeof type, object: unknown): unknown => of?.drop && Reflect.apply(of.drop, undefined, [object]);
  drop(type, file);
  const bytes = Buffer.from("late");
  await caller.check({ tag: "ok" }, `${streams}output-stream.blocking-write-and-flush`, output, bytes);
  drop(stream, output);
  await caller.check({ tag: "err", value: { tag: "closed" } }, `${streams}output-stream.check-write`, output);
  await caller.check({ tag: "err", value: "bad-descriptor" }, `${descriptor}sync`, file);
});
