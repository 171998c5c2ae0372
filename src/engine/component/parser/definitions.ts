/** A component as its binary says it, before anything was looked up: every reference is an index. */
export interface ComponentSource {
  readonly definitions: readonly Definition[];
}

export const coreSorts = ["func", "table", "memory", "global", "tag", "type", "module", "instance"] as const;
export type CoreSort = (typeof coreSorts)[number];
export type Sort = "func" | "value" | "type" | "component" | "instance" | `core ${CoreSort}`;

export interface SortIndex {
  readonly sort: Sort;
  readonly index: number;
}

export interface NamedIndex extends SortIndex {
  readonly name: string;
}

/** An export of an instance that is put together of what is there. */
export interface NamedExport extends SortIndex {
  readonly extern: ExternNameSource;
}

export type Definition = { readonly offset: number } & (
  | { readonly kind: "core module"; readonly start: number; readonly end: number }
  | { readonly kind: "core instantiate"; readonly module: number; readonly arguments: readonly NamedIndex[] }
  | { readonly kind: "core exports"; readonly exports: readonly NamedIndex[] }
  | { readonly kind: "core type"; readonly type: CoreTypeSource }
  | { readonly kind: "component"; readonly component: ComponentSource }
  | { readonly kind: "instantiate"; readonly component: number; readonly arguments: readonly NamedIndex[] }
  | { readonly kind: "exports"; readonly exports: readonly NamedExport[] }
  | AliasSource
  | { readonly kind: "type"; readonly type: TypeSource }
  | { readonly kind: "canon"; readonly canon: CanonSource }
  | ImportSource
  | {
      readonly kind: "export";
      readonly name: ExternNameSource;
      readonly item: SortIndex;
      readonly type: ExternTypeSource | undefined;
    }
);

export type ImportSource = {
  readonly kind: "import";
  readonly name: ExternNameSource;
  readonly type: ExternTypeSource;
};

export interface ExternNameSource {
  readonly name: string;
  /** The interface that a plain name is an implementation of. */
  readonly implements: string | undefined;
  readonly versionSuffix: string | undefined;
}

export type AliasSource =
  | { readonly kind: "alias export"; readonly sort: Sort; readonly instance: number; readonly name: string }
  | { readonly kind: "alias core export"; readonly sort: Sort; readonly instance: number; readonly name: string }
  | { readonly kind: "alias outer"; readonly sort: Sort; readonly count: number; readonly index: number };

/** A type of core WebAssembly: a function, or the imports and exports of a module. */
export type CoreTypeSource =
  | { readonly kind: "func"; readonly parameters: readonly string[]; readonly results: readonly string[] }
  | { readonly kind: "module"; readonly declarations: readonly ModuleDeclaration[] };

export type ModuleDeclaration = { readonly offset: number } & (
  | { readonly kind: "import"; readonly module: string; readonly name: string; readonly type: CoreExternSource }
  | { readonly kind: "type"; readonly type: CoreTypeSource }
  | { readonly kind: "alias outer"; readonly count: number; readonly index: number }
  | { readonly kind: "export"; readonly name: string; readonly type: CoreExternSource }
);

export type CoreExternSource =
  | { readonly kind: "func"; readonly type: number }
  | { readonly kind: "tag"; readonly type: number }
  | { readonly kind: "table"; readonly element: string; readonly initial: number; readonly maximum: number | undefined }
  | { readonly kind: "memory"; readonly initial: number; readonly maximum: number | undefined }
  | { readonly kind: "global"; readonly type: string; readonly mutable: boolean };

export const primitiveTypes = [
  "bool",
  "s8",
  "u8",
  "s16",
  "u16",
  "s32",
  "u32",
  "s64",
  "u64",
  "f32",
  "f64",
  "char",
  "string",
  "error-context",
] as const;
export type PrimitiveType = (typeof primitiveTypes)[number];

/** An index of a type, or a primitive one. */
export type ValueTypeSource = number | PrimitiveType;

export interface MemberSource {
  readonly name: string;
  readonly type: ValueTypeSource;
}

export interface CaseSource {
  readonly name: string;
  readonly type: ValueTypeSource | undefined;
}

export type TypeSource =
  | { readonly kind: "primitive"; readonly type: PrimitiveType }
  | { readonly kind: "record"; readonly fields: readonly MemberSource[] }
  | { readonly kind: "variant"; readonly cases: readonly CaseSource[] }
  | { readonly kind: "list"; readonly element: ValueTypeSource; readonly length: number | undefined }
  | { readonly kind: "tuple"; readonly types: readonly ValueTypeSource[] }
  | { readonly kind: "flags"; readonly names: readonly string[] }
  | { readonly kind: "enum"; readonly names: readonly string[] }
  | { readonly kind: "option"; readonly type: ValueTypeSource }
  | { readonly kind: "result"; readonly ok: ValueTypeSource | undefined; readonly err: ValueTypeSource | undefined }
  | { readonly kind: "map"; readonly key: ValueTypeSource; readonly value: ValueTypeSource }
  | { readonly kind: "own" | "borrow"; readonly resource: number }
  | { readonly kind: "stream" | "future"; readonly element: ValueTypeSource | undefined }
  | FunctionTypeSource
  | { readonly kind: "resource"; readonly representation: string; readonly destructor: number | undefined }
  | { readonly kind: "component type"; readonly declarations: readonly Declaration[] }
  | { readonly kind: "instance type"; readonly declarations: readonly Declaration[] };

export interface FunctionTypeSource {
  readonly kind: "function";
  readonly async: boolean;
  readonly parameters: readonly MemberSource[];
  readonly result: ValueTypeSource | undefined;
}

export type Declaration = { readonly offset: number } & (
  | { readonly kind: "core type"; readonly type: CoreTypeSource }
  | { readonly kind: "type"; readonly type: TypeSource }
  | AliasSource
  | ImportSource
  | { readonly kind: "export"; readonly name: ExternNameSource; readonly type: ExternTypeSource }
);

export type ExternTypeSource =
  | { readonly kind: "core module" | "func" | "component" | "instance" | "type"; readonly type: number }
  | { readonly kind: "resource" };

export type StringEncoding = "utf8" | "utf16" | "latin1+utf16";

export interface CanonOptions {
  readonly encoding: StringEncoding;
  readonly memory: number | undefined;
  readonly realloc: number | undefined;
  readonly postReturn: number | undefined;
  readonly async: boolean;
  readonly callback: number | undefined;
}

/** Built-in functions that name nothing but the type of a stream or a future. */
export const copyBuiltins = ["new", "drop-readable", "drop-writable"] as const;

export type CanonSource =
  | { readonly kind: "lift"; readonly function: number; readonly options: CanonOptions; readonly type: number }
  | { readonly kind: "lower"; readonly function: number; readonly options: CanonOptions }
  | { readonly kind: "resource.new" | "resource.drop" | "resource.rep"; readonly resource: number }
  | {
      readonly kind:
        | "backpressure.inc"
        | "backpressure.dec"
        | "task.cancel"
        | "subtask.drop"
        | "waitable-set.new"
        | "waitable-set.drop"
        | "waitable.join"
        | "error-context.drop";
    }
  | { readonly kind: "task.return"; readonly result: ValueTypeSource | undefined; readonly options: CanonOptions }
  | { readonly kind: "context.get" | "context.set"; readonly index: number }
  | { readonly kind: "subtask.cancel"; readonly async: boolean }
  | { readonly kind: "thread.yield"; readonly cancellable: boolean }
  | {
      readonly kind: "copy";
      readonly of: "stream" | "future";
      readonly name: (typeof copyBuiltins)[number];
      readonly type: number;
    }
  | {
      readonly kind: "transfer";
      readonly of: "stream" | "future";
      readonly name: "read" | "write";
      readonly type: number;
      readonly options: CanonOptions;
    }
  | {
      readonly kind: "cancel";
      readonly of: "stream" | "future";
      readonly name: "read" | "write";
      readonly type: number;
      readonly async: boolean;
    }
  | { readonly kind: "error-context.new" | "error-context.debug-message"; readonly options: CanonOptions }
  | {
      readonly kind: "waitable-set.wait" | "waitable-set.poll";
      readonly cancellable: boolean;
      readonly memory: number;
    };
