/** Numbers of the sections of a core module, by the name that the specification gives them. */
export const sectionIds = {
  custom: 0,
  type: 1,
  import: 2,
  function: 3,
  table: 4,
  memory: 5,
  global: 6,
  export: 7,
  start: 8,
  element: 9,
  code: 10,
  data: 11,
  dataCount: 12,
  tag: 13,
} as const;

/** The order in which sections must stand; their numbers grew with the proposals and do not say it. */
export const sectionOrder: readonly number[] = [
  sectionIds.type,
  sectionIds.import,
  sectionIds.function,
  sectionIds.table,
  sectionIds.memory,
  sectionIds.tag,
  sectionIds.global,
  sectionIds.export,
  sectionIds.start,
  sectionIds.element,
  sectionIds.dataCount,
  sectionIds.code,
  sectionIds.data,
];

/** Half-open range of bytes of the original module. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

export interface ModuleImport {
  readonly module: string;
  readonly name: string;
  readonly kind: WebAssembly.ExternKind;
}

export interface ModuleExport {
  readonly name: string;
  readonly kind: WebAssembly.ExternKind;
  readonly index: number;
}

/** Initial and greatest size, in pages for a memory and in elements for a table. */
export interface Limits {
  readonly initial: number;
  readonly maximum: number | undefined;
}

/** A table that the module defines, with the places of its parts so that its limits can be written anew. */
export interface DefinedTable {
  readonly limits: Limits;
  /** From the entry's first byte up to its limits: the optional initialiser mark and the reference type. */
  readonly head: Range;
  /** From behind the limits to the entry's end: the initialiser, or nothing. */
  readonly tail: Range;
}

/** A memory that the module defines, with the place of its limits. */
export interface DefinedMemory {
  readonly limits: Limits;
  readonly range: Range;
}

export interface CustomSection extends Range {
  readonly name: string;
}

/** Where the bodies of the functions stand: three numbers each, so that half a million cost 6 MB and no object. */
export interface FunctionBodies {
  readonly count: number;
  /** The byte at which the body's size is written. */
  readonly entryStart: Uint32Array;
  /** The body's first byte, where its locals are declared. */
  readonly bodyStart: Uint32Array;
  /** The first instruction, behind the locals. */
  readonly codeStart: Uint32Array;
}

/** What the rest of the loader needs to know of a core module; positions refer to `bytes`. */
export interface ModuleLayout {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Contents of the sections, by section number; custom sections are apart. */
  readonly sections: ReadonlyMap<number, Range>;
  readonly customSections: readonly CustomSection[];
  readonly typeCount: number;
  readonly imports: readonly ModuleImport[];
  readonly definedFunctionCount: number;
  readonly tables: readonly DefinedTable[];
  readonly memories: readonly DefinedMemory[];
  readonly definedGlobalCount: number;
  readonly exports: readonly ModuleExport[];
  readonly bodies: FunctionBodies;
}
