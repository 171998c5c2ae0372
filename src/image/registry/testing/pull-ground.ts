import { mkdtempDisposableSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Clock, systemClock } from "#base";
import { type ImageStore, openStore, type StoredImage } from "../../store/store.ts";
import { RegistryAccess, type RegistryAccessOptions } from "../access.ts";
import { type RegistryLimits, registryLimits } from "../limits.ts";
import { pullImage, type PullOptions } from "../pull.ts";
import { ScriptedRegistry } from "./scripted-registry.ts";

/** Waits that were asked for, without waiting. */
class RecordingClock implements Clock {
  readonly waitsMs: number[] = [];

  nowMs(): number {
    return systemClock.nowMs();
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    this.waitsMs.push(delayMs);
    return Promise.resolve();
  }
}

/** A registry that serves one store, and another store that pulls from it. */
export class PullGround implements AsyncDisposable {
  readonly #directory = mkdtempDisposableSync(join(tmpdir(), "kwasm-registry-"));
  /** What the registry has. */
  readonly source: ImageStore = openStore(join(this.#directory.path, "source"));
  readonly store: ImageStore = openStore(join(this.#directory.path, "store"));
  readonly clock = new RecordingClock();
  readonly #stack = new AsyncDisposableStack();

  get directory(): string {
    return this.#directory.path;
  }

  async serve(): Promise<ScriptedRegistry> {
    return this.#stack.use(await ScriptedRegistry.start(this.source));
  }

  access(limits: Partial<RegistryLimits> = {}, options: Partial<RegistryAccessOptions> = {}): RegistryAccess {
    return this.#stack.use(
      new RegistryAccess({
        credentials: () => Promise.resolve(undefined),
        hosts: { directories: [] },
        clock: this.clock,
        random: () => 1,
        ...options,
        limits: { ...registryLimits, ...limits },
      }),
    );
  }

  pull(name: string, options: Partial<PullOptions> = {}): Promise<StoredImage> {
    return pullImage({ store: this.store, name, access: options.access ?? this.access(), ...options });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
    this.#directory[Symbol.dispose]();
  }
}
