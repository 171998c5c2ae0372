import { execFileSync } from "node:child_process";
import { readFileSync, symlinkSync } from "node:fs";
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
  "files:v1": join(import.meta.dirname, "testdata/files"),
  "sockets:v1": join(import.meta.dirname, "testdata/sockets"),
  "talker:v1": join(import.meta.dirname, "testdata/talker"),
  "worker:v1": join(import.meta.dirname, "testdata/worker"),
  "echoer:v1": join(import.meta.dirname, "testdata/echoer"),
} as const;

/** The quickstart's container. */
export const hello: ContainerOptions = {
  name: "hello",
  image: "localhost/hello:v1",
  command: ["/"],
  ports: [8080],
  memoryBytesMax: 32 * MEBIBYTE,
};

interface WasmRigOptions {
  /** Further images by their names: what `kwasm build` would be given for each. */
  readonly images?: Readonly<Record<string, string>>;
  /** Further shims by the names of their programs. */
  readonly shims?: Readonly<Record<string, string>>;
}

const ownShim = join(tree, "src/shim/containerd-shim-kwasm-v1");
const ownShims = { "containerd-shim-spin-v2": ownShim, "containerd-shim-wasmtime-v1": ownShim } as const;

/** A rig with images that `kwasm build` makes, whose Wasm handlers are served by the shim of this tree. */
export async function startWasmRig(version: ContainerdVersion, options: WasmRigOptions = {}): Promise<ContainerdRig> {
  // The shim would bundle the sources itself; a mistake in them is easier to see here.
  execFileSync(join(tree, "tools/prepare"), ["--bundle"], { stdio: ["ignore", "ignore", "inherit"] });
  const shims = await mkdtempDisposable(join(tmpdir(), "kwasm-shims-"));
  for (const [name, path] of Object.entries({ ...ownShims, ...options.shims })) {
    symlinkSync(path, join(shims.path, name));
  }
  const rig = await startContainerd({ version, shimDirectory: shims.path });
  rig.adopt(shims);
  const store = openStore(join(rig.directory, "images"));
  for (const [name, source] of Object.entries({ ...sources, ...options.images })) {
    await buildImage({ source, name, store });
  }
  await rig.importLayout(store.layout.directory);
  return rig;
}

/** Starts a pod with the quickstart's guest, which greets in the name of `hostname` at the URL. */
export async function serveHello(rig: ContainerdRig, handler: Handler, hostname: string) {
  const pod = await Pod.start(rig, handler);
  const id = await pod.startContainer({ ...hello, env: { HOSTNAME: hostname } });
  return { pod, id, url: `http://${await pod.readIp()}:8080/` };
}

/** A container that does one thing after another with files, and writes a line about each: see testdata/files. */
export function files(...actions: readonly string[]): ContainerOptions {
  return { name: "files", image: "localhost/files:v1", command: ["/app.wasm"], args: actions };
}

/** A container that serves the sockets of its ports. */
export const sockets: ContainerOptions = { name: "sockets", image: "localhost/sockets:v1" };

/** The process id of the process that containerd is connected to, or of the one behind it. */
export function readRuntimePid(rig: ContainerdRig, which: "keeper" | "control"): string {
  const name = which === "keeper" ? "pid" : "control.pid";
  const [pid = ""] = readFileSync(join(rig.directory, "containerd.sock.kwasm", name), "utf8").split(" ");
  return pid;
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

/** A container that computes for ever, without a pause or with one now and then, or that fills its memory. */
export function worker(how: "spin" | "work" | "fill"): ContainerOptions {
  const command = ["/app.wasm", how];
  return { name: "worker", image: "localhost/worker:v1", command, memoryBytesMax: 4 * MEBIBYTE };
}
