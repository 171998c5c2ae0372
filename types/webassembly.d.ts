/**
 * The WebAssembly JavaScript API as Node 26 offers it. TypeScript keeps these types in its DOM library, which a
 * program without a browser does not want. Source: the WebAssembly JavaScript Interface and the JSPI proposal.
 */
declare namespace WebAssembly {
  type ExternKind = "function" | "table" | "memory" | "global" | "tag";
  type ImportValue = Function | Global | Memory | Table | Suspending | number | bigint;
  type Imports = Record<string, Record<string, ImportValue>>;
  type Exports = Record<string, Function | Global | Memory | Table>;

  interface ImportDescriptor {
    readonly module: string;
    readonly name: string;
    readonly kind: ExternKind;
  }
  interface ExportDescriptor {
    readonly name: string;
    readonly kind: ExternKind;
  }

  class Module {
    constructor(bytes: Uint8Array<ArrayBuffer>);
    static imports(module: Module): ImportDescriptor[];
    static exports(module: Module): ExportDescriptor[];
    static customSections(module: Module, name: string): ArrayBuffer[];
  }
  class Instance {
    constructor(module: Module, imports?: Imports);
    readonly exports: Exports;
  }
  class Memory {
    constructor(descriptor: { initial: number; maximum?: number; shared?: boolean });
    readonly buffer: ArrayBuffer;
    grow(deltaPages: number): number;
  }
  class Table {
    constructor(descriptor: { element: "anyfunc" | "externref"; initial: number; maximum?: number });
    readonly length: number;
    get(index: number): unknown;
    set(index: number, value?: unknown): void;
    grow(delta: number, value?: unknown): number;
  }
  class Global {
    constructor(descriptor: { value: string; mutable?: boolean }, value?: unknown);
    value: unknown;
  }
  class CompileError extends Error {}
  class LinkError extends Error {}
  class RuntimeError extends Error {}
  class SuspendError extends Error {}

  /** Wraps an import so that a promise it returns suspends the guest's stack (JSPI). */
  class Suspending {
    constructor(hostFunction: (...values: never[]) => unknown);
  }
  /** Wraps an export so that it returns a promise and may be suspended (JSPI). */
  function promising(exported: Function): (...values: unknown[]) => Promise<unknown>;
  function compile(bytes: Uint8Array<ArrayBuffer>): Promise<Module>;
  function validate(bytes: Uint8Array<ArrayBuffer>): boolean;
}
