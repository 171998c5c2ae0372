import { execFileSync } from "node:child_process";
import { symlinkSync } from "node:fs";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { buildImage, openStore } from "#image";
import type { Handler } from "./configuration.ts";
import { type ContainerOptions, Pod } from "./pod.ts";
import type { ContainerdVersion } from "./prefix.ts";
import { type ContainerdRig, startContainerd } from "./rig.ts";

const tree = join(import.meta.dirname, "../..");

const MEBIBYTE = 1024 * 1024;

/** The images of every Wasm rig, by the names that `kwasm build -t` was given. */
const sources = {
  "hello:v1": join(tree, "examples/quickstart/hello/hello.wasm"),
  "talker:v1": join(import.meta.dirname, "testdata/talker"),
} as const;

/** The quickstart's container. */
const hello: ContainerOptions = {
  name: "hello",
  image: "localhost/hello:v1",
  command: ["/"],
  ports: [8080],
  memoryBytesMax: 32 * MEBIBYTE,
};

/** A rig with images that `kwasm build` makes, whose Wasm handlers are served by the shim of this tree. */
export async function startWasmRig(version: ContainerdVersion): Promise<ContainerdRig> {
  // The shim would bundle the sources itself; a mistake in them is easier to see here.
  execFileSync(join(tree, "tools/prepare"), ["--bundle"], { stdio: ["ignore", "ignore", "inherit"] });
  const shims = await mkdtempDisposable(join(tmpdir(), "kwasm-shims-"));
  for (const name of ["containerd-shim-spin-v2", "containerd-shim-wasmtime-v1"]) {
    symlinkSync(join(tree, "src/shim/containerd-shim-kwasm-v1"), join(shims.path, name));
  }
  const rig = await startContainerd({ version, shimDirectory: shims.path });
  rig.adopt(shims);
  const store = openStore(join(rig.directory, "images"));
  for (const [name, source] of Object.entries(sources)) await buildImage({ source, name, store });
  await rig.importLayout(store.layout.directory);
  return rig;
}

/** Starts a pod with the quickstart's guest, which greets in the name of `hostname` at the URL. */
export async function serveHello(rig: ContainerdRig, handler: Handler, hostname: string) {
  const pod = await Pod.start(rig, handler);
  const id = await pod.startContainer({ ...hello, env: { HOSTNAME: hostname } });
  return { pod, id, url: `http://${await pod.readIp()}:8080/` };
}

interface Speech {
  readonly waitMs: number;
  readonly lines: number;
  readonly status: number;
}

/** A container that waits, writes that many lines to its two outputs in turn, and exits. */
export function talker({ waitMs, lines, status }: Speech): ContainerOptions {
  const command = ["/app.wasm", String(waitMs), String(lines), String(status)];
  return { name: "talker", image: "localhost/talker:v1", command };
}
