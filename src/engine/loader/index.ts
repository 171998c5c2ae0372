export { ByteReader, formatOffset } from "./byte-reader.ts";
export { walkConstantExpression } from "./constant-expression.ts";
export { type CompiledModule, type GuestModule } from "./guest-module.ts";
export { moduleLimits, pageBytes, tableElementBytes } from "./limits.ts";
export { createLoader, type Loader, type LoaderOptions, type LoadOptions } from "./loader.ts";
export { type MemorySize, pageLimitsOf } from "./memory-plan.ts";
export { type CustomSection, type ModuleImport, type ModuleLayout, sectionIds } from "./module-layout.ts";
export { instanceModule } from "./parse-entries.ts";
export { outlineOfModule } from "./module-outline.ts";
export { parseModule } from "./parse-module.ts";
export {
  memoryImportName,
  memoryLimitExport,
  refusedGlobalExport,
  startExport,
  tableExport,
} from "./rewrite-module.ts";
export { originalOffset } from "./section-writer.ts";
