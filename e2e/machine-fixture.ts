import { hash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, watch, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import wabt from "wabt";

import { silentLog } from "#base";
import { createNodeRuntime, type NodeRuntime, type SandboxSpec, type WorkloadSpec } from "#node";

const MEBIBYTE = 1024 * 1024;
const assembler = await wabt();

type Changes = Partial<Pick<WorkloadSpec, "env" | "mounts" | "memoryBytesMax">>;

/** The node part of this machine in a folder of its own, with guests out of `testdata/`. */
export class Machine implements AsyncDisposable {
  readonly runtime: NodeRuntime;
  readonly directory = mkdtempSync(join(tmpdir(), "kwasm-e2e-"));

  constructor(options: { readonly stallLimitMs?: number } = {}) {
    this.runtime = createNodeRuntime({ ...options, stateDir: join(this.directory, "state"), log: silentLog });
  }

  /** Makes a group with one sandbox in it, both of that name. */
  async addGroup(group: string, listeners: SandboxSpec["listeners"] = []): Promise<readonly number[]> {
    const view = await this.runtime.createSandbox({ id: group, group, listeners });
    return view.listeners.map(({ port }) => port);
  }

  /** Runs the guest `testdata/NAME.wat` in a group, under the id GROUP/NAME, which is returned. */
  async start(group: string, name: string, changes: Changes = {}): Promise<string> {
    const path = join(this.directory, `${name}.wasm`);
    if (!existsSync(path)) writeFileSync(path, assemble(name));
    return this.startModule(group, { name, path }, changes);
  }

  async startModule(group: string, file: { readonly name: string; readonly path: string }, changes: Changes = {}) {
    const id = `${group}/${file.name}`;
    await this.runtime.createWorkload({
      id,
      sandboxId: group,
      module: { path: file.path, digest: `sha256:${hash("sha256", readFileSync(file.path))}` },
      args: [file.name],
      env: [],
      mounts: [],
      output: { kind: "log", path: this.logPath(id) },
      memoryBytesMax: 16 * MEBIBYTE,
      ...changes,
    });
    await this.runtime.startWorkload(id);
    return id;
  }

  logPath(id: string): string {
    return join(this.directory, `${id.replaceAll("/", "-")}.log`);
  }

  /** Resolves when the guest has written to its log after this call. */
  async nextOutput(id: string): Promise<void> {
    const changes = watch(this.directory);
    const written = Promise.withResolvers<void>();
    const wanted = this.logPath(id);
    changes.on("change", (_event, name) => {
      if (join(this.directory, name.toString()) === wanted) written.resolve();
    });
    try {
      await written.promise;
    } finally {
      changes.close();
    }
  }

  stateOf(id: string): string | undefined {
    return this.runtime.listWorkloads().find((view) => view.id === id)?.state;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.runtime.close();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** The module of `testdata/NAME.wat`, with the names of its functions. */
export function assemble(name: string): Uint8Array {
  const path = join(import.meta.dirname, "testdata", `${name}.wat`);
  const module = assembler.parseWat(path, readFileSync(path, "utf8"), { bulk_memory: true });
  try {
    return module.toBinary({ write_debug_names: true }).buffer;
  } finally {
    module.destroy();
  }
}
