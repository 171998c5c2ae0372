import { mkdtempDisposableSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import loadWabt from "wabt";

import type { ContainerOptions } from "../containerd/pod.ts";
import type { ContainerdVersion } from "../containerd/prefix.ts";
import type { ContainerdRig } from "../containerd/rig.ts";
import { startWasmRig } from "../containerd/wasm-rig.ts";

/** Ill-behaved guests of e2e/testdata. */
const guests = ["flooder", "hog", "spinner"] as const;

const MEBIBYTE = 1024 * 1024;

/** What a driver found: figures to print, and what was lost or left behind, which is nothing where all is well. */
export interface StressReport {
  readonly figures: Readonly<Record<string, number>>;
  readonly problems: readonly string[];
  /** What came later than it should; a busy machine may be why, so that tests do not look at it. */
  readonly late?: readonly string[];
}

/** A rig that has the guests of the drivers beside it. */
export async function startStressRig(version: ContainerdVersion): Promise<ContainerdRig> {
  const wabt = await loadWabt();
  using scratch = mkdtempDisposableSync(join(tmpdir(), "kwasm-stress-"));
  const images: Record<string, string> = { "counter:v1": join(import.meta.dirname, "testdata/counter") };
  for (const name of guests) {
    const source = join(import.meta.dirname, "../testdata", `${name}.wat`);
    const module = wabt.parseWat(source, readFileSync(source, "utf8"));
    images[`${name}:v1`] = join(scratch.path, `${name}.wasm`);
    writeFileSync(join(scratch.path, `${name}.wasm`), module.toBinary({}).buffer);
    module.destroy();
  }
  // The images are made of the files before these are removed.
  const rig = await startWasmRig(version, { images });
  return rig;
}

/** A container that writes so many numbered lines, and then exits. */
export function counter(name: string, intervalMs: number, lines: number): ContainerOptions {
  const command = ["/app.wasm", String(intervalMs), String(lines)];
  return { name, image: "localhost/counter:v1", command, memoryBytesMax: 32 * MEBIBYTE };
}

/** A container that waits for an hour before its first line. */
export function idler(name: string): ContainerOptions {
  return counter(name, 3_600_000, 1);
}

export function illBehaved(guest: (typeof guests)[number]): ContainerOptions {
  return { name: guest, image: `localhost/${guest}:v1`, memoryBytesMax: 256 * MEBIBYTE };
}

/** Runs what is to be done for each item, so many at once. */
export async function forEachOf<Item>(
  items: Iterable<Item>,
  atOnce: number,
  act: (item: Item) => Promise<void>,
): Promise<void> {
  const queue = items[Symbol.iterator]();
  const workers = Array.from({ length: atOnce }, async () => {
    for (let next = queue.next(); next.done !== true; next = queue.next()) await act(next.value);
  });
  await Promise.all(workers);
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
