import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { askUntil } from "./ask-until.ts";
import { dataDirectory } from "./configuration.ts";
import type { ContainerdRig } from "./rig.ts";
import { readRuntimePid, startWasmRig } from "./wasm-rig.ts";

const ownShim = join(import.meta.dirname, "../../src/shim/containerd-shim-kwasm-v1");

/** A rig of containerd 2 whose sandboxes are made by the runtime of this tree, started as a unit of the node would. */
export async function startSandboxerRig(): Promise<SandboxerRig> {
  const directory = mkdtempSync(join(tmpdir(), "kwasm-sandboxer-"));
  const calls = join(directory, "calls");
  const shim = join(directory, "shim");
  writeFileSync(shim, `#!/bin/sh\necho "$*" >>'${calls}'\nexec '${ownShim}' "$@"\n`, { mode: 0o755 });
  const rig = await startWasmRig("2", { shims: { "containerd-shim-kwasm-v1": shim } });
  rig.adopt({ [Symbol.asyncDispose]: async () => rmSync(directory, { recursive: true, force: true }) });
  const sandboxer = new SandboxerRig(rig, calls);
  await sandboxer.start();
  return sandboxer;
}

/** Starts the runtime as a unit of the node would; resolves when it serves. */
export async function serveSandboxes(rig: ContainerdRig): Promise<void> {
  const environment = ["env", `KWASM_CONTAINERD_ROOT=${dataDirectory}`];
  const words = ["-address", rig.address, "-publish-binary", "containerd", "serve"];
  await rig.run([...environment, ownShim, ...words]);
}

export class SandboxerRig implements AsyncDisposable {
  readonly rig: ContainerdRig;
  readonly #calls: string;

  constructor(rig: ContainerdRig, calls: string) {
    this.rig = rig;
    this.#calls = calls;
  }

  /** Starts the runtime, also again after `kill`; resolves when it serves. */
  async start(): Promise<void> {
    await serveSandboxes(this.rig);
  }

  /** Kills the process that containerd is connected to, and with it every guest. */
  async kill(): Promise<void> {
    const keeper = readRuntimePid(this.rig, "keeper");
    await this.rig.run(["kill", "-KILL", keeper]);
    await askUntil("the end of the keeper", async () => {
      return (await this.rig.run(["sh", "-c", `[ -e /proc/${keeper}/exe ] || echo gone`])) !== "" || undefined;
    });
  }

  /** What containerd asked the shim's program for. */
  readShimCalls(): readonly string[] {
    return existsSync(this.#calls) ? readFileSync(this.#calls, "utf8").trimEnd().split("\n") : [];
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.rig[Symbol.asyncDispose]();
  }
}
