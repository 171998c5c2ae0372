import { closeSync } from "node:fs";

import { KwasmError } from "#base";

import type { ProcessEnd, ProcessOrder, ProcessSignal, SpawnedProcess, Spawner } from "../control/spawner.ts";
import type { HeldKind, Listing } from "./messages.ts";

/** Names that a control may have held: a machine's pods with a handful each, and a bound on this process's descriptors. */
const NAMES_MAX = 50_000;

interface HeldProcess {
  note: string;
  readonly child: SpawnedProcess;
  readonly descriptors: readonly number[];
  end?: ProcessEnd;
}

/** Everything that outlives a control process: the processes that it started, and descriptors by name. */
export class Holdings {
  readonly #spawner: Pick<Spawner, "spawn" | "close">;
  readonly #processes = new Map<string, HeldProcess>();
  readonly #descriptors = new Map<string, readonly number[]>();
  /** Starts that an earlier control may have asked for and not lived to hear of. */
  readonly #starts = new Set<Promise<SpawnedProcess>>();
  /** Told of each process that ends; the control of the moment sets it. */
  onEnded: (name: string, end: ProcessEnd) => void = () => undefined;

  constructor(spawner: Pick<Spawner, "spawn" | "close">) {
    this.#spawner = spawner;
  }

  /** Owns `held` from here on. */
  async spawn(name: string, note: string, order: ProcessOrder, held: readonly number[]): Promise<SpawnedProcess> {
    const starting = this.#start(name, { note, order, held });
    this.#starts.add(starting);
    try {
      return await starting;
    } catch (error) {
      closeAll(held);
      throw error;
    } finally {
      this.#starts.delete(starting);
    }
  }

  async #start(
    name: string,
    { note, order, held }: { readonly note: string; readonly order: ProcessOrder; readonly held: readonly number[] },
  ): Promise<SpawnedProcess> {
    if (this.#processes.has(name)) throw new KwasmError("already-exists", `start process "${name}": there is one`);
    const child = await this.#spawner.spawn(order);
    const process: HeldProcess = { note, child, descriptors: held };
    this.#processes.set(name, process);
    void this.#watch(name, process);
    return child;
  }

  note(name: string, note: string): void {
    const process = this.#processes.get(name);
    if (process === undefined) throw new KwasmError("not-found", `note whose process "${name}" is: it is not held`);
    process.note = note;
  }

  signal(name: string, signal: ProcessSignal): void {
    this.#processes.get(name)?.child.kill(signal);
  }

  /** A process that still runs is kept: only its parent learns how it ends. */
  forget(name: string): void {
    const process = this.#processes.get(name);
    if (process?.end === undefined) return;
    closeAll(process.descriptors);
    this.#processes.delete(name);
  }

  /** Owns the descriptors from here on; those that the name had before are closed. */
  keep(name: string, descriptors: readonly number[]): void {
    if (this.#descriptors.size >= NAMES_MAX) {
      closeAll(descriptors);
      throw new KwasmError("limit-exceeded", `keep "${name}": ${String(NAMES_MAX)} names are kept already; drop some`);
    }
    this.drop(name);
    this.#descriptors.set(name, descriptors);
  }

  drop(name: string): void {
    closeAll(this.#descriptors.get(name) ?? []);
    this.#descriptors.delete(name);
  }

  /** What is held under the names, still owned here. */
  descriptorsOf(kind: HeldKind, names: readonly string[]): readonly number[] {
    return names.flatMap((name) => {
      const held = kind === "process" ? this.#processes.get(name)?.descriptors : this.#descriptors.get(name);
      if (held === undefined) throw new KwasmError("not-found", `take "${name}": it is not held`);
      return held;
    });
  }

  /** With those whose start was under way: nobody else would ever hear of them. */
  async list(): Promise<Omit<Listing, "isFirst">> {
    await Promise.allSettled(this.#starts);
    return {
      processes: [...this.#processes].map(([name, { note, child, descriptors, end }]) => ({
        name,
        note,
        pid: child.pid,
        descriptorCount: descriptors.length,
        ...(end === undefined ? {} : { end }),
      })),
      descriptors: [...this.#descriptors].map(([name, { length }]) => ({ name, count: length })),
    };
  }

  /** Ends every process and closes every descriptor. */
  async close(): Promise<void> {
    await this.#spawner.close();
    for (const { descriptors } of this.#processes.values()) closeAll(descriptors);
    this.#processes.clear();
    for (const name of this.#descriptors.keys()) this.drop(name);
  }

  async #watch(name: string, process: HeldProcess): Promise<void> {
    process.end = await process.child.ended;
    this.onEnded(name, process.end);
  }
}

function closeAll(descriptors: readonly number[]): void {
  for (const descriptor of descriptors) closeSync(descriptor);
}
