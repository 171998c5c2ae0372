import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempDisposableSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { buffer } from "node:stream/consumers";
import { test } from "node:test";

import { DeleteResponse } from "#proto";

const stub = resolve(import.meta.dirname, "containerd-shim-kwasm-v1");

/** What containerd has when it starts a shim: a socket's name, a bundle to stand in, and the shim under any name. */
class Containerd implements AsyncDisposable {
  readonly #directory = mkdtempDisposableSync(join(tmpdir(), "kwasm-stub-"));
  readonly address = join(this.#directory.path, "c.sock");
  readonly bundle = join(this.#directory.path, "bundle");
  readonly shim = join(this.#directory.path, "containerd-shim-spin-v2");

  constructor() {
    mkdirSync(this.bundle);
    symlinkSync(stub, this.shim);
  }

  /** Calls the shim as containerd does and answers what it printed on both of its outputs. */
  async run(...action: readonly string[]): Promise<Buffer> {
    const words = ["-namespace", "default", "-address", this.address, "-publish-binary", "/bin/false", "-id", "a"];
    const stdio = ["ignore", "pipe", "pipe"] as const;
    const child = spawn(this.shim, [...words, ...action], { cwd: this.bundle, stdio: [...stdio] });
    assert.ok(child.stdout !== null && child.stderr !== null);
    const [out, error] = await Promise.all([buffer(child.stdout), buffer(child.stderr), once(child, "exit")]);
    return Buffer.concat([out, error]);
  }

  /** The process behind the shims. */
  get pid(): number {
    return Number.parseInt(readFileSync(`${this.address}.kwasm/pid`, "utf8"), 10);
  }

  /** Ends that process and waits until nothing of it is there any more. */
  end(signal: NodeJS.Signals): void {
    const { pid } = this;
    process.kill(pid, signal);
    // It is a child of init, whose end nobody here is told of: `tail` waits for it.
    spawnSync("tail", [`--pid=${String(pid)}`, "--sleep-interval=0.05", "--follow", "/dev/null"]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (existsSync(`${this.address}.kwasm/pid`)) this.end("SIGTERM");
    this.#directory.remove();
  }
}

test("many starts at once begin one process and print its address, which the bundle keeps", async () => {
  await using containerd = new Containerd();
  const address = `unix://${containerd.address}.kwasm/shim.sock`;
  const printed = await Promise.all(Array.from({ length: 5 }, () => containerd.run("start")));
  assert.deepEqual(
    printed.map(String),
    Array.from({ length: 5 }, () => address),
  );
  assert.equal(readFileSync(join(containerd.bundle, "address"), "utf8"), address);
  const { pid } = containerd;
  assert.equal(String(await containerd.run("-debug", "start")), address);
  assert.equal(containerd.pid, pid);
  // The bundle goes with its container, and this process stays.
  assert.equal(readlinkSync(`/proc/${String(pid)}/cwd`), "/");
});

test("a process that was killed is replaced at the next start", async () => {
  await using containerd = new Containerd();
  await containerd.run("start");
  const { pid } = containerd;
  containerd.end("SIGKILL");
  await containerd.run("start");
  assert.notEqual(containerd.pid, pid);
});

test("a mark with another process's id is not believed", async () => {
  await using containerd = new Containerd();
  mkdirSync(`${containerd.address}.kwasm`);
  writeFileSync(`${containerd.address}.kwasm/pid`, `${String(process.pid)} 1\n`);
  await containerd.run("start");
  assert.notEqual(containerd.pid, process.pid);
});

test("a deletion says that the task was killed, and when where nobody else can", async () => {
  await using containerd = new Containerd();
  const dead = DeleteResponse.decode(await containerd.run("-bundle", containerd.bundle, "delete"));
  assert.equal(dead.exitStatus, 137);
  assert.equal(new Date(Number(dead.exitedAt?.seconds) * 1_000).getFullYear(), new Date().getFullYear());
  await containerd.run("start");
  const alive = DeleteResponse.decode(await containerd.run("-bundle", containerd.bundle, "delete"));
  assert.deepEqual([alive.exitStatus, alive.exitedAt], [137, undefined]);
});

test("an action that containerd does not have is an error", async () => {
  await using containerd = new Containerd();
  assert.match(String(await containerd.run("dance")), /unknown action "dance"/u);
});
