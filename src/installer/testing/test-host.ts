import { writeFileSync } from "node:fs";

import { type Clock, KwasmError } from "#base";

import type { FileOwner, Host, ProgramEnd, RuntimeAnswer } from "../host/host.ts";
import { HostFiles, scratchNameOf } from "../host/host-files.ts";
import type { TestContainerd } from "./test-containerd.ts";

/** Nothing that the installer does from here on has any effect. */
const KILLED = "the installer was killed";

/** A node in a folder. Each change is counted, and the installer can be killed before, within or after each. */
export class TestHost extends HostFiles implements Host {
  readonly containerd: TestContainerd;
  /** Changes so far. */
  steps = 0;
  /** The change at which the installer dies. */
  killAt = Number.POSITIVE_INFINITY;
  killWhen: "before" | "within" | "after" = "before";
  readonly commands: string[] = [];
  #nowMs = 0;

  constructor(root: string, containerd: TestContainerd) {
    super(root);
    this.containerd = containerd;
  }

  readonly clock: Clock = {
    nowMs: () => this.#nowMs,
    sleep: (delayMs) => {
      this.#nowMs += delayMs;
      return Promise.resolve();
    },
  };

  override writeFile(path: string, content: Uint8Array, owner: FileOwner): void {
    this.#change(
      () => super.writeFile(path, content, owner),
      () => writeFileSync(scratchNameOf(this.place(path)), content.subarray(0, content.length / 2)),
    );
  }

  override createFile(path: string, content: Uint8Array): boolean {
    let isMade = false;
    this.#change(() => {
      isMade = super.createFile(path, content);
    });
    return isMade;
  }

  override removeFile(path: string): void {
    this.#change(() => super.removeFile(path));
  }

  override makeDirectory(path: string): void {
    this.#change(() => super.makeDirectory(path));
  }

  override removeDirectory(path: string): void {
    this.#change(() => super.removeDirectory(path));
  }

  override removeTree(path: string): void {
    this.#change(() => super.removeTree(path));
  }

  override copyTree(source: string, path: string): void {
    this.#change(() => super.copyTree(source, path));
  }

  run(command: readonly string[]): Promise<ProgramEnd> {
    this.commands.push(command.join(" "));
    return Promise.resolve().then(() => {
      let end: ProgramEnd = { exitCode: 0, output: "", complaint: "" };
      this.#change(() => {
        end = this.containerd.run(command, this);
      });
      return end;
    });
  }

  askRuntime(): Promise<RuntimeAnswer> {
    return Promise.resolve().then(() => {
      this.#refuseDead();
      return this.containerd.answer();
    });
  }

  #change(effect: () => void, half: () => void = effect): void {
    this.#refuseDead();
    this.steps += 1;
    if (this.steps < this.killAt) {
      effect();
      return;
    }
    if (this.killWhen === "within") half();
    if (this.killWhen === "after") effect();
    throw new KwasmError("cancelled", KILLED);
  }

  #refuseDead(): void {
    if (this.steps >= this.killAt) throw new KwasmError("cancelled", KILLED);
  }
}
