import type { MemorySize, TableSize } from "./memory-plan.ts";
import type { ModuleExport, ModuleImport } from "./module-layout.ts";
import type { Origins } from "./section-writer.ts";

/**
 * A module that was validated, rewritten and compiled, ready to be started many times. The same file loaded with
 * other memory limits shares everything but the cap, and what the cap leaves of growing tables.
 */
export interface GuestModule {
  /** `sha256:` and the hexadecimal digest of the original bytes. */
  readonly digest: string;
  /** A command has `_start` and ends; a reactor is initialised and then waits to be called. */
  readonly kind: "command" | "reactor";
  readonly imports: readonly ModuleImport[];
  readonly exports: readonly ModuleExport[];
  /** Sizes of the memories that the engine hands to each instance, in the order of their indices. */
  readonly memories: readonly MemorySize[];
  /** Sizes of the tables that each instance has of its own, in the order in which the module defines them. */
  readonly tables: readonly TableSize[];
  /** The cap with which an instance starts. */
  readonly memoryBytesMax: number;
  readonly compiled: CompiledModule;
}

export interface CompiledModule {
  readonly module: WebAssembly.Module;
  /** Size of what V8 was given and keeps. */
  readonly byteLength: number;
  /** Leads positions in stacks of V8 back to the original file. */
  readonly origins: Origins;
  /** Functions of the original, imported ones included; a higher index is a function of the engine's. */
  readonly functionCount: number;
}
