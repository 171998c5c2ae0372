import assert from "node:assert/strict";
import { mkdirSync, mkdtempDisposableSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { deleteByRuncShim, findRuncShim, OUTPUT_BYTES_MAX, startRuncShim } from "./runc-shim.ts";

const address = "unix:///run/containerd/s/1";
const task = { namespace: "k8s.io", id: "pod" };

/** A containerd that has a shell script beside it where its shim for runc would be. */
class Beside implements Disposable {
  readonly #directory = mkdtempDisposableSync(join(tmpdir(), "kwasm-runc-shim-"));
  readonly folder = join(this.#directory.path, "folder");
  readonly shim = join(this.#directory.path, "containerd-shim-runc-v2");
  readonly containerd = {
    address: "/run/c.sock",
    eventsAddress: "/run/c.sock.ttrpc",
    publishBinary: join(this.#directory.path, "containerd"),
  };

  constructor(script: string) {
    writeFileSync(this.shim, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }

  /** What the script wrote into the folder in which it was started. */
  read(name: string): string {
    return readFileSync(join(this.folder, name), "utf8");
  }

  [Symbol.dispose](): void {
    this.#directory.remove();
  }
}

const variables = "GOMAXPROCS MAX_SHIM_VERSION TTRPC_ADDRESS GRPC_ADDRESS NAMESPACE NODE_COMPILE_CACHE";
const note = `echo "$@" >args; for name in ${variables}; do eval echo "$name=\\$$name"; done >env; cat >input`;

test("the shim is started as containerd starts it, in a folder that says which group it is of", async () => {
  using beside = new Beside(`${note}; printf %s ${address}`);
  const { containerd, folder } = beside;
  const started = await startRuncShim(containerd, task, folder);
  assert.deepEqual(started, { path: "/run/containerd/s/1", service: "containerd.task.v2.Task" });
  const flags = `-namespace k8s.io -address /run/c.sock -publish-binary ${containerd.publishBinary} -id pod`;
  assert.equal(beside.read("args"), `${flags} start\n`);
  assert.deepEqual(beside.read("env").trim().split("\n"), [
    "GOMAXPROCS=2",
    "MAX_SHIM_VERSION=2",
    "TTRPC_ADDRESS=/run/c.sock.ttrpc",
    "GRPC_ADDRESS=/run/c.sock",
    "NAMESPACE=k8s.io",
    "NODE_COMPILE_CACHE=",
  ]);
  assert.equal(beside.read("input"), "");
  const config: unknown = JSON.parse(beside.read("config.json"));
  assert.deepEqual(config, { ociVersion: "1.0.2", annotations: { "io.kubernetes.cri.sandbox-id": "pod" } });
});

test("what a shim says on its way down is the reason", async () => {
  using beside = new Beside("echo no room >&2; exit 1");
  await assert.rejects(startRuncShim(beside.containerd, task, beside.folder), { message: /"pod"[^]*no room/u });
});

/** The address, and the rest of so many bytes. */
function print(bytes: number): string {
  return `printf %s ${address}; head -c ${String(bytes - address.length)} /dev/zero`;
}

test("an output at the limit is read, and one above is refused", async () => {
  using full = new Beside(print(OUTPUT_BYTES_MAX));
  assert.match((await startRuncShim(full.containerd, task, full.folder)).path, /^\/run/u);
  using over = new Beside(print(OUTPUT_BYTES_MAX + 1));
  await assert.rejects(startRuncShim(over.containerd, task, over.folder), { message: /maxBuffer/u });
});

test("a task is deleted in its bundle", async () => {
  using beside = new Beside(note);
  mkdirSync(beside.folder);
  await deleteByRuncShim(beside.containerd, { ...task, bundle: beside.folder });
  assert.match(beside.read("args"), new RegExp(`-id pod -bundle ${beside.folder} delete\n$`, "u"));
});

test("a node without the shim is told what to install", () => {
  using beside = new Beside("");
  assert.equal(findRuncShim(beside.containerd), beside.shim);
  const elsewhere = { ...beside.containerd, publishBinary: "/nowhere/containerd" };
  assert.throws(() => findRuncShim(elsewhere), { code: "failed-precondition", message: /"\/nowhere"/u });
});
