export { type CompiledModule, type GuestModule } from "./guest-module.ts";
export { moduleLimits, pageBytes } from "./limits.ts";
export { createLoader, type Loader, type LoaderOptions, type LoadOptions } from "./loader.ts";
export { type MemorySize } from "./memory-plan.ts";
export type { ModuleImport } from "./module-layout.ts";
export { instanceModule } from "./parse-entries.ts";
export { memoryImportName, refusedGlobalExport } from "./rewrite-module.ts";
export { originalOffset } from "./section-writer.ts";
