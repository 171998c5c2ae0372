import type { ProcessOrder, SpawnedProcess } from "./spawner.ts";
import { Spawner } from "./spawner.ts";

/** A process with the name by which its host knows it. */
export interface HostedProcess extends SpawnedProcess {
  readonly name: string;
}

/** What the host holds for a process: descriptors that the next control needs to speak to it, and what to know of it. */
export interface ProcessHold {
  readonly note: string;
  readonly descriptors: readonly number[];
}

/** A process that an earlier control started. The descriptors are the taker's own from here on. */
export interface InheritedProcess extends ProcessHold {
  readonly process: HostedProcess;
}

export interface Inheritance {
  /** False where an earlier control of the same host may have left something. */
  readonly isFirst: boolean;
  readonly processes: readonly InheritedProcess[];
  /** By the names under which they were kept; owned by whoever takes them out. */
  readonly descriptors: Map<string, readonly number[]>;
}

/**
 * Who starts cells, is their parent, and holds what is to outlive control. With a keeper a control process can die and
 * its successor finds every cell and socket; without one (`localHost`) they end with control.
 */
export interface CellHost {
  readonly inherited: Inheritance;
  spawn(order: ProcessOrder, hold: ProcessHold): Promise<HostedProcess>;
  /** Replaces what is to be known of a process; resolves when the next control would be told the new. */
  note(process: HostedProcess, note: string): Promise<void>;
  /** Lets go of a process that has ended, once all is known of its end. */
  forget(process: HostedProcess): void;
  /** Holds copies of the descriptors; the caller still owns its own. */
  keep(name: string, descriptors: readonly number[]): Promise<void>;
  /** Resolves when the copies are closed. A name that is not kept is no error. */
  drop(name: string): Promise<void>;
  close(): Promise<void>;
}

/** The host of a control that nothing outlives. */
export function localHost(): CellHost {
  const spawner = new Spawner();
  let lastNumber = 0;
  return {
    inherited: { isFirst: true, processes: [], descriptors: new Map() },
    spawn: async (order) => ({ ...(await spawner.spawn(order)), name: String(++lastNumber) }),
    note: () => Promise.resolve(),
    forget: () => undefined,
    keep: () => Promise.resolve(),
    drop: () => Promise.resolve(),
    close: () => spawner.close(),
  };
}
