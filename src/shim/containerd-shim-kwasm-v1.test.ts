import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  copyFileSync,
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

import { DeleteResponse, RuntimeInfo } from "#proto";
import packageManifest from "../../package.json" with { type: "json" };

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
  run(...action: readonly string[]): Promise<Buffer> {
    return this.#call(this.shim, action);
  }

  async #call(program: string, action: readonly string[]): Promise<Buffer> {
    const words = ["-namespace", "default", "-address", this.address, "-publish-binary", "/bin/false", "-id", "a"];
    const stdio = ["ignore", "pipe", "pipe"] as const;
    const child = spawn(program, [...words, ...action], { cwd: this.bundle, stdio: [...stdio] });
    assert.ok(child.stdout !== null && child.stderr !== null);
    const [out, error] = await Promise.all([buffer(child.stdout), buffer(child.stderr), once(child, "exit")]);
    return Buffer.concat([out, error]);
  }

  /** Calls the shim while the process behind the shims has other flags than it has: PF_… of linux/sched.h. */
  async runWithFlags(flags: number, ...action: readonly string[]): Promise<Buffer> {
    const path = `/proc/${String(this.pid)}/stat`;
    const [name = "", fields = ""] = readFileSync(path, "utf8").split(/(?<=\) )/u);
    const changed = join(this.#directory.path, "stat");
    writeFileSync(changed, name + fields.split(" ").with(6, String(flags)).join(" "));
    const program = join(this.#directory.path, "shim-of-other-flags");
    const mount = `unshare --map-root-user --mount sh -c 'mount --bind ${changed} ${path} && exec "$@"'`;
    writeFileSync(program, `#!/bin/sh\nexec ${mount} - ${this.shim} "$@"\n`, { mode: 0o755 });
    return this.#call(program, action);
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

test("a process that is ending serves no more, though its id is still there", async () => {
  await using containerd = new Containerd();
  await containerd.run("start");
  const remove = ["-bundle", containerd.bundle, "delete"];
  const [running, exiting] = [0x40_0000, 0x40_0004];
  assert.equal(DeleteResponse.decode(await containerd.runWithFlags(running, ...remove)).exitedAt, undefined);
  assert.notEqual(DeleteResponse.decode(await containerd.runWithFlags(exiting, ...remove)).exitedAt, undefined);
});

test("a start prints what the process has found out that containerd understands", async () => {
  await using containerd = new Containerd();
  await containerd.run("start");
  writeFileSync(`${containerd.address}.kwasm/answer`, '{"version":3}\n');
  assert.equal(String(await containerd.run("start")), '{"version":3}');
  assert.equal(
    readFileSync(join(containerd.bundle, "address"), "utf8"),
    `unix://${containerd.address}.kwasm/shim.sock`,
  );
});

test("the name and the version are told, to containerd in its own words", async () => {
  await using containerd = new Containerd();
  const info = RuntimeInfo.decode(await containerd.run("-info"));
  assert.deepEqual([info.name, info.version?.version], ["io.containerd.kwasm.shim", packageManifest.version]);
  assert.equal(
    String(await containerd.run("-v")),
    `containerd-shim-spin-v2:\n  Version:  ${packageManifest.version}\n`,
  );
});

/** Leaves in the folder, or in the bundle, what the process behind the shims leaves there of a native container. */
function markNative(containerd: Containerd, shim: string, pid: number | undefined, bundle = containerd.bundle) {
  const [mark, socket] = [join(bundle, "native-shim"), join(bundle, "s")];
  writeFileSync(socket, "");
  writeFileSync(mark, [shim, pid, socket, "1 1", ""].join("\n"));
  return { mark, socket };
}

test("a native container is deleted by the shim that runs it", async () => {
  await using containerd = new Containerd();
  const { address, bundle } = containerd;
  const shim = join(bundle, "shim");
  writeFileSync(shim, '#!/bin/sh\necho "$PWD" "$@"\n', { mode: 0o755 });
  // That id has become another process's, which lives on.
  const { mark, socket } = markNative(containerd, shim, process.pid);
  const printed = String(await containerd.run("-bundle", bundle, "delete"));
  const words = `-namespace default -address ${address} -publish-binary /bin/false -id a -bundle ${bundle} delete`;
  assert.equal(printed, `${bundle} ${words}\n`);
  assert.deepEqual([existsSync(socket), existsSync(mark)], [false, false]);
});

test("the shim of a native container is ended where nobody else can", async () => {
  await using containerd = new Containerd();
  const shim = join(containerd.bundle, "shim");
  copyFileSync("/bin/sleep", shim);
  chmodSync(shim, 0o755);
  const running = spawn(shim, ["600"], { stdio: "ignore" });
  const ended = once(running, "exit");
  // Another process serves than the one that looked after the container.
  await containerd.run("start");
  markNative(containerd, shim, running.pid);
  await containerd.run("delete");
  assert.deepEqual(await ended, [null, "SIGKILL"]);
});

test("native containers of a pod are ended with its sandbox when the process that looked after them is gone", async () => {
  await using containerd = new Containerd();
  const { address, bundle } = containerd;
  const [shim, calls] = [join(bundle, "shim"), join(bundle, "calls")];
  writeFileSync(shim, `#!/bin/sh\necho "$PWD" "$@" >>"${calls}"\n`, { mode: 0o755 });
  const pod = `${address}.kwasm/native/default,a`;
  for (const id of ["one", "two"]) {
    mkdirSync(join(pod, id), { recursive: true });
    markNative(containerd, shim, process.pid, join(pod, id));
  }
  const answer = DeleteResponse.decode(await containerd.run("-bundle", bundle, "delete"));
  const words = (id: string) => {
    const given = `-namespace default -address ${address} -publish-binary /bin/false -id ${id}`;
    return `${pod}/${id} ${given} -bundle ${pod}/${id} delete\n`;
  };
  assert.equal(readFileSync(calls, "utf8"), words("one") + words("two"));
  assert.deepEqual([answer.exitStatus, existsSync(pod)], [137, false]);
});

test("native containers of a pod are left to the process that looks after them", async () => {
  await using containerd = new Containerd();
  await containerd.run("start");
  const folder = `${containerd.address}.kwasm/native/default,a/one`;
  mkdirSync(folder, { recursive: true });
  const { mark } = markNative(containerd, "/bin/false", process.pid, folder);
  await containerd.run("delete");
  assert.ok(existsSync(mark));
});

test("an action that containerd does not have is an error", async () => {
  await using containerd = new Containerd();
  assert.match(String(await containerd.run("dance")), /unknown action "dance"/u);
});
