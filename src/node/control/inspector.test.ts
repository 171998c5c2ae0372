import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createReadStream, mkdirSync, mkdtempDisposableSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";

import { silentLog } from "#base";

import { COMMAND_BYTES_MAX, INSPECTIONS_MAX } from "./inspector.ts";
import { HeldClock } from "./runtime-fixture.ts";
import { createNodeRuntime } from "./runtime.ts";
import { guestModule } from "./testdata/guests.ts";

type GuestName = Parameters<typeof guestModule>[0];

/** A machine on which one guest runs, with files of its own, and FIFOs for what looks at it. */
class Scene implements AsyncDisposable {
  readonly #directory = mkdtempDisposableSync(join(tmpdir(), "kwasm-inspect-"));
  readonly path = this.#directory.path;
  /** The only other process beside the guest's cell is the one that looks. */
  readonly runtime = createNodeRuntime({
    stateDir: join(this.path, "state"),
    log: silentLog,
    clock: new HeldClock(),
  });
  #fifos = 0;

  static async start(guest: GuestName): Promise<Scene> {
    const scene = new Scene();
    const module = join(scene.path, "guest.wasm");
    const { bytes, digest } = await guestModule(guest);
    writeFileSync(module, bytes);
    mkdirSync(scene.files);
    await scene.runtime.createSandbox({ id: "pod", group: "default", listeners: [] });
    await scene.runtime.createWorkload({
      id: "a",
      sandboxId: "pod",
      module: { path: module, digest },
      args: ["guest", "one"],
      env: [["A", "b"]],
      mounts: [{ hostPath: scene.files, guestPath: "/", readOnly: false }],
      output: { kind: "discard" },
      memoryBytesMax: 1024 * 1024,
    });
    return scene;
  }

  /** What the guest sees at `/`. */
  get files(): string {
    return join(this.path, "files");
  }

  makeFifo(): string {
    const path = join(this.path, `fifo-${String(++this.#fifos)}`);
    execFileSync("mkfifo", [path]);
    return path;
  }

  look(words: string, stdoutPath: string, stderrPath = this.makeFifo()) {
    const spec = { command: words.split(" "), workingDirectory: "/", streams: { stdoutPath, stderrPath } };
    return this.runtime.inspect("a", spec);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.runtime.close();
    this.#directory.remove();
  }
}

async function readAll(path: string): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of createReadStream(path)) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

/** Processes that any thread of this one has started. */
function listChildren(): number[] {
  const threads = readdirSync("/proc/self/task");
  const lists = threads.map((thread) => readFileSync(`/proc/self/task/${thread}/children`, "utf8"));
  return lists.flatMap((list) => list.split(" ").filter((word) => word !== "")).map(Number);
}

async function check(scene: Scene, words: string, expected: { code: number; out: RegExp; err: RegExp }): Promise<void> {
  const [out, err] = [scene.makeFifo(), scene.makeFifo()];
  const reading = Promise.all([readAll(out), readAll(err)]);
  const look = await scene.look(words, out, err);
  assert.equal(await look.ended, expected.code);
  const [outText, errText] = await reading;
  assert.match(outText, expected.out);
  assert.match(errText, expected.err);
  look.close();
}

for (const guest of ["sleeper", "spinner"] as const) {
  test(`a ${guest} is looked at from a process that ends with the look`, async () => {
    await using scene = await Scene.start(guest);
    await scene.runtime.startWorkload("a");
    writeFileSync(join(scene.files, "note"), "written");
    await check(scene, "ps", { code: 0, out: /^1 .*guest one$/mu, err: /^$/u });
    await check(scene, "env", { code: 0, out: /^A=b\n$/u, err: /^$/u });
    await check(scene, "cat /note", { code: 0, out: /^written$/u, err: /^$/u });
    await check(scene, "cat /none", { code: 1, out: /^$/u, err: /no such file/u });
    await check(scene, "sh", { code: 127, out: /^$/u, err: /no command/u });
    assert.equal(scene.runtime.listCells().length, 1);
  });
}

test("a look that nobody reads waits for its reader, holds up nobody, and is ended by a signal", async () => {
  await using scene = await Scene.start("sleeper");
  await scene.runtime.startWorkload("a");
  writeFileSync(join(scene.files, "large"), "x".repeat(1024 * 1024));
  const unread = await scene.look("cat /large", scene.makeFifo());
  await check(scene, "ls /", { code: 0, out: /^large\n$/u, err: /^$/u });
  unread.kill("SIGTERM");
  assert.equal(await unread.ended, 143);
  unread.close();
  unread.close();
});

test("a look whose process is killed is told as killed, and the guest runs on", async () => {
  await using scene = await Scene.start("sleeper");
  await scene.runtime.startWorkload("a");
  writeFileSync(join(scene.files, "large"), "x".repeat(1024 * 1024));
  const known = new Set(scene.runtime.listCells().map(({ pid }) => pid));
  const look = await scene.look("cat /large", scene.makeFifo());
  const pid = listChildren().find((child) => !known.has(child));
  assert.ok(pid !== undefined, "the look has a process of its own");
  process.kill(pid, "SIGKILL");
  assert.equal(await look.ended, 137);
  look.close();
  assert.equal(scene.runtime.listWorkloads()[0]?.state, "running");
});

test("a large file arrives whole at a slow reader", async () => {
  await using scene = await Scene.start("sleeper");
  await scene.runtime.startWorkload("a");
  const large = "0123456789abcdef".repeat(64 * 1024);
  writeFileSync(join(scene.files, "large"), large);
  const out = scene.makeFifo();
  const look = await scene.look("cat /large", out);
  assert.ok((await readAll(out)) === large);
  assert.equal(await look.ended, 0);
});

test("only a workload that runs is looked at", async () => {
  await using scene = await Scene.start("greeter");
  await assert.rejects(scene.look("ps", scene.makeFifo()), { code: "failed-precondition", message: /"created"/u });
  await scene.runtime.startWorkload("a");
  await scene.runtime.waitWorkload("a");
  await assert.rejects(scene.look("ps", scene.makeFifo()), { code: "failed-precondition", message: /"exited"/u });
});

test("a command may be as long as its limit and no longer, and needs its streams", async () => {
  await using scene = await Scene.start("sleeper");
  await scene.runtime.startWorkload("a");
  const word = "x".repeat(COMMAND_BYTES_MAX - 1);
  await check(scene, word, { code: 127, out: /^$/u, err: /no command/u });
  await assert.rejects(scene.look(`${word}x`, scene.makeFifo()), { code: "limit-exceeded" });
  await assert.rejects(scene.look("ps", join(scene.path, "none")), { code: "not-found" });
});

test("looks are limited in number, and one that ended makes room for the next", async () => {
  await using scene = await Scene.start("sleeper");
  await scene.runtime.startWorkload("a");
  writeFileSync(join(scene.files, "large"), "x".repeat(1024 * 1024));
  const before = readdirSync("/proc/self/fd").length;
  const looks = await Promise.all(
    Array.from({ length: INSPECTIONS_MAX }, () => scene.look("cat /large", scene.makeFifo())),
  );
  await assert.rejects(scene.look("ps", scene.makeFifo()), { code: "limit-exceeded" });
  for (const look of looks) look.kill("SIGKILL");
  for (const look of looks) {
    assert.equal(await look.ended, 137);
    look.close();
  }
  // A cell's page is let go a turn after its end, when all have heard of that.
  await setImmediate();
  assert.equal(readdirSync("/proc/self/fd").length, before);
  await check(scene, "ps", { code: 0, out: /guest one/u, err: /^$/u });
});
