import type { CoreModules } from "./core-modules.ts";
import type { Linkable } from "./compose/linkable.ts";
import type { FunctionType } from "./types/types.ts";
import type { ComponentValue, HostImports, Supervision } from "./values.ts";

export interface CompileOptions {
  /** Cap on linear memories and tables of one instance together. */
  readonly memoryBytesMax: number;
  /** Told how long V8 compiled for each core module, off the thread; not called for those that are compiled already. */
  readonly onCompiled?: (tookMs: number) => void;
}

/** Something that a component imports or exports, by the name that the binary has. */
export interface ExternName {
  readonly kind: "func" | "instance" | "component" | "core module" | "type";
  readonly name: string;
  /** Names of the functions in an instance. */
  readonly functions: readonly string[];
}

/** A function that a component exports, itself or in an interface. */
export interface FunctionOfExport {
  readonly name: string;
  readonly interfaceName: string | undefined;
  readonly type: FunctionType;
}

/** A component that was validated and whose calls were planned; it can be instantiated any number of times. */
export interface ComponentPlan {
  readonly imports: readonly ExternName[];
  readonly exports: readonly ExternName[];
  /** Everything that `find` finds in an instance, with its type. */
  readonly functions: readonly FunctionOfExport[];
  /** For composing it with others. */
  readonly linkable: Linkable;
  /**
   * Makes an instance. Throws a KwasmError of code `unsupported` that names every import that `imports` lacks before
   * anything of the guest runs, and what the guest's start functions throw.
   */
  instantiate(imports: HostImports, supervision?: Supervision, coreModules?: CoreModules): LinkedComponent;
}

/** An instance of a component. Resources of the host that it still holds at its end are the host's to end. */
export interface LinkedComponent {
  /**
   * An exported function: `find("run")` of the component itself, `find("run", "wasi:cli/run@0.2.0")` of an exported
   * interface, where any patch of the same minor version matches.
   */
  find(name: string, interfaceName?: string): ExportedFunction | undefined;
  /** Sizes of the linear memories and tables now. */
  memoryBytes(): number;
  /** Changes the cap on linear memories and tables; an instance keeps what it has. */
  limitMemory(bytesMax: number): void;
  /** Bytes by which a memory was to grow when that was last refused; none where it never was. */
  refusedBytes(): number | undefined;
  /** What is answered, or what ended the instance before that: a guest that has ended answers nothing more. */
  untilEnd<Value>(answer: Promise<Value>): Promise<Value>;
  /** Resolves when the calls of async type that were made have come to their ends, also what they do after they returned. */
  whenDone(): Promise<void>;
  /** Ends the instance from outside: every call rejects with this very `error`, and whatever waits in it is forgotten. */
  abort(error: Error): void;
  /** Gives the memories back for other instances. What waits in this one is forgotten, and nothing of it may run. */
  release(): void;
}

export interface ExportedFunction {
  /** Calls on a stack of its own, which suspending functions of the host may suspend. Rejects with what ended the guest. */
  readonly call: (...parameters: readonly ComponentValue[]) => Promise<ComponentValue>;
  /** Calls at once; a function of the host that has to wait ends the guest. */
  readonly callNow: (...parameters: readonly ComponentValue[]) => ComponentValue;
}
