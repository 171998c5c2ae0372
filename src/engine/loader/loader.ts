import { hash } from "node:crypto";
import { KwasmError, SharedValues } from "#base";
import type { CompiledModule, GuestModule } from "./guest-module.ts";
import { type DeclaredLimits, planMemory, type TableSize } from "./memory-plan.ts";
import { ModuleCache } from "./module-cache.ts";
import type { ModuleLayout } from "./module-layout.ts";
import { outlineOfModule } from "./module-outline.ts";
import { parseModule } from "./parse-module.ts";
import { rewriteModule } from "./rewrite-module.ts";

export interface LoaderOptions {
  /** Bytes of modules kept for the next start; the least recently used go first. */
  readonly cacheBytesMax?: number;
}

export interface LoadOptions {
  /** `sha256:` digest of the bytes where the caller has verified it already; computed where it is missing. */
  readonly digest?: string;
  /** Cap on linear memory and tables of one instance together. */
  readonly memoryBytesMax: number;
  /** Told how long V8 compiled for this load, off the thread; not called where a load before this one had it done. */
  readonly onCompiled?: (tookMs: number) => void;
}

/** Turns files into modules that can be started. */
export interface Loader {
  /**
   * Loads a core module. The bytes are copied before anything is decided about them, so the caller may change them
   * afterwards. Loads of one digest at the same time share the work; a failed one is not remembered.
   */
  load(bytes: Uint8Array, options: LoadOptions): Promise<GuestModule>;
}

/** Enough for a few large interpreters or some hundred small services. */
const CACHE_BYTES_MAX = 256 * 1024 * 1024;

/** What is kept of a layout once its bytes are compiled; modules that are alike from outside have one together. */
type Facts = Pick<ModuleLayout, "imports" | "exports"> & DeclaredLimits & Pick<GuestModule, "kind">;

const threadFacts = new SharedValues<Facts>();

export function createLoader(options: LoaderOptions = {}): Loader {
  const cache = new ModuleCache<Facts>(options.cacheBytesMax ?? CACHE_BYTES_MAX);
  return {
    async load(bytes, { digest = digestOf(bytes), memoryBytesMax, onCompiled }) {
      let layout: ModuleLayout | undefined;
      function parse(): ModuleLayout {
        return (layout ??= parseModule(Uint8Array.from(bytes)));
      }
      const facts = cache.facts(digest) ?? factsOf(parse());
      const { memories, tables } = planMemory(facts, memoryBytesMax);
      const key = { digest, variant: variantOf(facts, tables) };
      const compiled = await cache.compiled(key, facts, () => compile(parse(), tables, onCompiled));
      const { kind, imports, exports } = facts;
      return { digest, kind, imports, exports, memories, tables, memoryBytesMax, compiled };
    },
  };
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${hash("sha256", bytes)}`;
}

function factsOf(layout: ModuleLayout): Facts {
  return threadFacts.share(outlineOfModule(layout), () => readFacts(layout));
}

function readFacts({ imports, exports, memories, tables }: ModuleLayout): Facts {
  const isCommand = exports.some((entry) => entry.name === "_start" && entry.kind === "function");
  return { kind: isCommand ? "command" : "reactor", imports, exports, memories, tables };
}

/** Tables whose greatest size is what the module itself declares do not make a variant of it. */
function variantOf({ tables }: Facts, planned: readonly TableSize[]): string {
  const changed = planned.map(({ maximumElements }, index) =>
    tables[index]?.limits.maximum === maximumElements ? "" : maximumElements,
  );
  return changed.join(",");
}

/**
 * Compiles twice, off this thread and at the same time: the original, because rewriting an invalid module can make a
 * valid one, and what the rewriter wrote. The rewriter's reader is bounded by moduleLimits whatever it reads, and what
 * it made of an invalid module is dropped here; waiting for the verdict first cost half of a new module's start.
 */
async function compile(
  layout: ModuleLayout,
  tables: readonly TableSize[],
  onCompiled: LoadOptions["onCompiled"],
): Promise<CompiledModule> {
  const work = Promise.allSettled([validate(layout.bytes), compileAnew(layout, tables)]);
  const startedMs = performance.now();
  const [verdict, compiled] = await work;
  onCompiled?.(performance.now() - startedMs);
  if (verdict.status === "rejected") throw verdict.reason;
  if (compiled.status === "rejected") throw compiled.reason;
  return compiled.value;
}

async function compileAnew(layout: ModuleLayout, tables: readonly TableSize[]): Promise<CompiledModule> {
  const { bytes, origins } = rewriteModule(layout, tables);
  const importedFunctions = layout.imports.filter((entry) => entry.kind === "function").length;
  const functionCount = importedFunctions + layout.definedFunctionCount;
  const module = await compileRewritten(bytes);
  return { module, byteLength: bytes.length, origins, functionCount };
}

async function validate(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  try {
    await WebAssembly.compile(bytes);
  } catch (error) {
    if (!(error instanceof WebAssembly.CompileError)) throw KwasmError.from(error, "compiling a module");
    throw new KwasmError("corrupt", `validating a module: "${error.message}"; compile it anew`, { cause: error });
  }
}

/** A failure here is a mistake of the rewriter where the original is valid, and is not told where it is not. */
async function compileRewritten(bytes: Uint8Array<ArrayBuffer>): Promise<WebAssembly.Module> {
  try {
    return await WebAssembly.compile(bytes);
  } catch (error) {
    throw new KwasmError("internal", "compiling a rewritten module: V8 refused it", { cause: error });
  }
}
