import { mkdtempDisposableSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { KwasmError } from "#base";

import { type Handler, sandboxerHandler } from "../../e2e/containerd/configuration.ts";
import { nativeImage } from "../../e2e/containerd/native-image.ts";
import type { ContainerOptions } from "../../e2e/containerd/pod.ts";
import { type ContainerdVersion, containerdVersions } from "../../e2e/containerd/prefix.ts";
import type { ContainerdRig } from "../../e2e/containerd/rig.ts";
import { serveSandboxes } from "../../e2e/containerd/sandboxer-rig.ts";
import { startWasmRig } from "../../e2e/containerd/wasm-rig.ts";
import { assembleGuest } from "../measure/assemble.ts";

/** One of those who are compared: a runtime of containerd, and what runs in it. */
export interface Side {
  readonly what: string;
  readonly handler: Handler;
  readonly runtime: string;
  /** Waits until it is ended. */
  readonly waiting: ContainerOptions;
  /** Says a word and ends. */
  readonly brief: ContainerOptions;
}

const guests = ["idle", "hello"] as const;
const wasm = {
  waiting: { name: "idle", image: "localhost/idle:v1" },
  brief: { name: "hello", image: "localhost/word:v1" },
} as const;
const native = {
  waiting: { name: "idle", image: nativeImage, command: ["/bin/busybox", "sleep", "3600"] },
  brief: { name: "hello", image: nativeImage, command: ["/bin/busybox", "echo", "hello"] },
} as const;

export const sides = {
  ours: { what: "KWasm", handler: "spin", runtime: "io.containerd.spin.v2", ...wasm },
  sandboxes: {
    what: "KWasm's sandboxes",
    handler: sandboxerHandler,
    runtime: "io.containerd.kwasm.v1",
    ...wasm,
  },
  runc: { what: "runc", handler: "runc", runtime: "io.containerd.runc.v2", ...native },
  noop: { what: "no-op shim", handler: "noop", runtime: "io.containerd.noop.v2", ...wasm },
  peer: { what: "peer", handler: "peer", runtime: "io.containerd.peer.v1", ...wasm },
} as const satisfies Record<string, Side>;

/** Words of the command line that every benchmark of this folder takes. */
export interface BenchOptions<Counts> {
  readonly version: ContainerdVersion;
  /** The program of another shim, which runs Wasm images too. */
  readonly peer: string | undefined;
  readonly counts: Counts;
}

/** `defaults` has the options that are counts, such as `pods` for `--pods 10`. */
export function readOptions<Counts extends Readonly<Record<string, number>>>(defaults: Counts): BenchOptions<Counts> {
  const strings = ["containerd", "peer", ...Object.keys(defaults)];
  const declared = Object.fromEntries(strings.map((name) => [name, { type: "string" as const }]));
  const { values }: { readonly values: Readonly<Record<string, string | boolean | undefined>> } = parseArgs({
    options: { ...declared, json: { type: "boolean" } },
  });
  const given = Object.entries(values).filter(([name]) => name in defaults);
  const counts = Object.fromEntries(given.map(([name, value]) => [name, readCount(name, String(value))]));
  const version = containerdVersions.find((one) => one === (values["containerd"] ?? "2"));
  if (version === undefined) {
    throw new KwasmError("invalid-argument", `reading "--containerd": choose one of ${containerdVersions.join(", ")}`);
  }
  const peer = values["peer"] === undefined ? undefined : String(values["peer"]);
  return { version, peer, counts: { ...defaults, ...counts } };
}

function readCount(name: string, text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw new KwasmError("invalid-argument", `reading "--${name}": "${text}" is no count`);
}

/** Those who are compared; the peer is there only where one was given. */
export function withPeer({ peer }: BenchOptions<unknown>, ...among: readonly Side[]): readonly Side[] {
  return peer === undefined ? among : [...among, sides.peer];
}

/** A rig in which those can start who are compared. */
export async function startBenchRig(
  { version, peer }: BenchOptions<unknown>,
  among: readonly Side[],
): Promise<ContainerdRig> {
  using scratch = mkdtempDisposableSync(join(tmpdir(), "kwasm-bench-"));
  for (const guest of guests) writeFileSync(join(scratch.path, `${guest}.wasm`), assembleGuest(guest));
  const images = { "idle:v1": join(scratch.path, "idle.wasm"), "word:v1": join(scratch.path, "hello.wasm") };
  const noop = { "containerd-shim-noop-v2": join(import.meta.dirname, "containerd-shim-noop-v2") };
  const shims = peer === undefined ? noop : { ...noop, "containerd-shim-peer-v1": peer };
  const rig = await startWasmRig(version, { images, shims });
  const server = join(import.meta.dirname, "noop-shim-main.ts");
  const command = [process.execPath, "--disable-warning=ExperimentalWarning", server, `${rig.address}.noop`];
  if (among.includes(sides.noop)) await rig.serve(command);
  if (among.includes(sides.sandboxes)) await serveSandboxes(rig);
  return rig;
}

/** Calls in turns, so that a busy neighbour meets all. */
export async function takeTurns(
  rounds: number,
  among: readonly Side[],
  turn: (side: Side, round: number) => Promise<void>,
): Promise<void> {
  for (let round = 0; round < rounds; round++) for (const side of among) await turn(side, round);
}
