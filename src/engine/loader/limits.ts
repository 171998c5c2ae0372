/**
 * What a core module may hold. The module comes from a tenant; whoever reads it spends memory and time in proportion
 * to these numbers. Where V8 has a limit of its own the number here is not above it, so that passing it is our typed
 * error and not V8's text (v8/src/wasm/wasm-limits.h).
 */
export const moduleLimits = {
  /** The whole file. Ruby with its standard library is 50 MB; V8 keeps the bytes for as long as the module lives. */
  moduleBytesMax: 64 * 1024 * 1024,
  /** Custom sections in one module; compilers write up to about fifteen. */
  customSectionsMax: 1_000,
  /** One custom section. Debug information dominates, and it is dropped at load. */
  customSectionBytesMax: 32 * 1024 * 1024,
  /** The name of an import, an export or a custom section; mangled names reach a few kilobytes. */
  nameBytesMax: 8_192,
  /** Entries of the type section. */
  typesMax: 100_000,
  /** Parameters of one function type; V8 refuses more. */
  parametersMax: 1_000,
  /** Results of one function type; V8 refuses more. */
  resultsMax: 1_000,
  /** Imports; every one is looked up and named when it is missing. */
  importsMax: 10_000,
  /** Defined functions. The largest compilers' output stays under a hundred thousand. */
  functionsMax: 500_000,
  /** One function body; V8 refuses more, and compiling one body is not interruptible. */
  functionBytesMax: 7_654_321,
  /** Locals of one function, parameters not counted; V8 refuses more. */
  localsMax: 50_000,
  /** Targets of one br_table; V8 refuses more. */
  branchTargetsMax: 65_520,
  /** Tables, imported ones included. */
  tablesMax: 100,
  /** Elements with which one table starts; V8 refuses more. */
  tableElementsMax: 10_000_000,
  /** Memories, imported ones included; each reserves 8 GiB of address space, of which a process has 128 TiB. */
  memoriesMax: 4,
  /** Tags of the exception handling proposal. */
  tagsMax: 10_000,
  /** Defined globals. */
  globalsMax: 100_000,
  /** Exports; V8 makes a JavaScript object of each at every start. */
  exportsMax: 100_000,
  /** Element segments. */
  elementSegmentsMax: 100_000,
  /** Data segments; V8 refuses more. */
  dataSegmentsMax: 100_000,
} as const;

/** The unit in which a linear memory is measured. */
export const pageBytes = 65_536;

/** Pages of a 32-bit memory: 4 GiB. */
export const pagesMax = 65_536;

/** What V8 spends on one table element: a reference, a signature and a call target of eight bytes each. */
export const tableElementBytes = 24;
