import { mkdtempDisposableSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { type Clock, silentLog } from "#base";

import type { NodeRuntime, WorkloadSpec } from "../workload.ts";
import { type CellHost, localHost } from "./cell-host.ts";
import { createNodeRuntime } from "./runtime.ts";
import { guestModule } from "./testdata/guests.ts";

/** Whoever sleeps by it wakes when the test says so. */
export class HeldClock implements Clock {
  readonly #sleepers = new Set<() => void>();

  nowMs(): number {
    return Date.now();
  }

  sleep(_delayMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#sleepers.add(resolve);
      signal?.addEventListener("abort", () => {
        this.#sleepers.delete(resolve);
        reject(new Error("aborted"));
      });
    });
  }

  /** Says how many slept. */
  wake(): number {
    const sleepers = [...this.#sleepers];
    this.#sleepers.clear();
    for (const wake of sleepers) wake();
    return sleepers.length;
  }
}

/** A runtime on a folder of its own, ended with the block; what it left behind is looked at by the tests. */
export class Machine implements AsyncDisposable {
  readonly #directory = mkdtempDisposableSync(join(tmpdir(), "kwasm-node-"));
  readonly path = this.#directory.path;
  runtime: NodeRuntime;

  constructor(host: CellHost = localHost()) {
    const stateDir = join(this.path, "state");
    this.runtime = createNodeRuntime({ stateDir, log: silentLog, stallLimitMs: 1_500, host });
  }

  async place(id: string, group = "default", ports: readonly number[] = []) {
    return this.runtime.createSandbox({
      id,
      group,
      listeners: ports.map((port) => ({ address: "127.0.0.1", port })),
    });
  }

  async run(id: string, guest: Parameters<typeof guestModule>[0], more: Partial<WorkloadSpec> = {}) {
    await this.runtime.createWorkload(await this.specOf(id, guest, more));
    return this.runtime.startWorkload(id);
  }

  /** Of a guest in the sandbox "pod", with its module in place. */
  async specOf(
    id: string,
    guest: Parameters<typeof guestModule>[0],
    more: Partial<WorkloadSpec> = {},
  ): Promise<WorkloadSpec> {
    const modulePath = join(this.path, `${guest}.wasm`);
    const { bytes, digest } = await guestModule(guest);
    writeFileSync(modulePath, bytes);
    return {
      id,
      sandboxId: "pod",
      module: { path: modulePath, digest },
      args: [guest],
      env: [],
      mounts: [],
      output: { kind: "log", path: this.logPath(id) },
      memoryBytesMax: 16 * 1024 * 1024,
      ...more,
    };
  }

  logPath(id: string): string {
    return join(this.path, `${id}.log`);
  }

  /** The texts of a log without its times. */
  linesOf(id: string): string[] {
    const lines = readFileSync(this.logPath(id), "utf8").trimEnd().split("\n");
    return lines.map((line) => line.replace(/^\S+ /u, ""));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.runtime.close();
    this.#directory.remove();
  }
}
