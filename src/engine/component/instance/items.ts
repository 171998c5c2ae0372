import type { CoreFunction } from "../abi/context.ts";
import type { ComponentSteps } from "../plan/steps.ts";
import { trap } from "../abi/trap.ts";
import type { StringEncoding } from "../parser/definitions.ts";
import type { ComponentValue } from "../values.ts";
import type { Caller, StartedCall } from "../task/task.ts";
import type { Frame } from "./frame.ts";
import type { InstanceState } from "./instance-state.ts";
import type { RuntimeResource } from "./resource.ts";

export type StringSource = StringEncoding | "host";

/** A component function that can be called, of a guest or of the host. */
export interface FunctionItem {
  /** The instance that it runs in; none where it is the host's. */
  readonly instance: InstanceState | undefined;
  /** How the strings of its results are encoded where they come from. */
  readonly encoding: StringSource;
  /** Whether a call may answer with a promise. */
  maySuspend(): boolean;
  /** Calls at once; the answer is a promise only where `maySuspend` says that it may be. */
  invoke(parameters: readonly ComponentValue[], call: CallOptions): ComponentValue;
  /** Starts a call that may go on for long; there where the function's type is async. */
  readonly start?: ((caller: Caller, encoding: StringSource) => StartedCall) | undefined;
}

/** Who calls, and how. */
export interface CallOptions {
  readonly caller: InstanceState | undefined;
  /** How the strings of the parameters are encoded where they come from. */
  readonly encoding: StringSource;
  /** Whether the call runs on a stack of its own, so that it may be suspended; its answer is a promise then. */
  readonly suspends: boolean;
}

/** A component with the frame in which it was defined, whose components and modules it may refer to. */
export interface ComponentItem {
  readonly steps: ComponentSteps;
  readonly definedIn: Frame | undefined;
}

export interface InstanceItem {
  readonly exports: ReadonlyMap<string, Item>;
}

/** Something that is imported or exported. Types are there as resources only. */
export type Item =
  | { readonly sort: "func"; readonly item: FunctionItem }
  | { readonly sort: "instance"; readonly item: InstanceItem }
  | { readonly sort: "component"; readonly item: ComponentItem }
  | { readonly sort: "core module"; readonly item: number }
  | { readonly sort: "type"; readonly item: RuntimeResource | undefined };

/** Exports of an instance of a core module, or what stands for one. */
export type CoreExports = Readonly<Record<string, WebAssembly.ImportValue>>;

/** An entry that validation has seen to. */
export function entryOf<T>(list: readonly T[], index: number): T {
  const entry = list[index];
  if (entry === undefined) throw trap("a reference leads nowhere");
  return entry;
}

export function coreFunction(value: unknown): CoreFunction {
  // Validation has seen to it that the export is a function of core WebAssembly.
  if (typeof value === "function") return value as CoreFunction;
  throw trap("a core function is missing");
}
