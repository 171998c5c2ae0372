import { mkdtempDisposableSync, readFileSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, posix } from "node:path";
import { KwasmError } from "#base";
import { imageLimits } from "../limits.ts";
import { parseLocalName } from "../reference.ts";
import type { ImageStore, StoredImage } from "../store/store.ts";
import { splitEntryName } from "../unpack/entry-name.ts";
import { checkWasmBytes, type WasmKind } from "../wasm-file.ts";
import type { ImageFile } from "./archive.ts";
import { assembleArtifact, type ComponentNames } from "./assemble-artifact.ts";
import { assembleImage } from "./assemble.ts";
import { compileFolder } from "./compile.ts";
import { systemToolHost, type ToolHost } from "./tool-host.ts";

/** An image `FROM scratch` that every engine runs, or CNCF's artifact, which is the module alone. */
export type BuildFormat = "scratch" | "wasm-artifact";

export interface BuildOptions {
  /** A folder of source, or the `*.wasm` file of a core module or a component. */
  readonly source: string;
  /** Where a `*.wasm` file is in the image; in its root, under its own name, unless given. */
  readonly moduleName?: string;
  /** NAME or NAME:TAG, as given to `-t`. */
  readonly name: string;
  readonly store: ImageStore;
  /** `scratch` unless given. */
  readonly format?: BuildFormat;
  /** Looks into a component whose artifact says what it imports and exports. */
  readonly describe?: (content: Buffer) => Promise<ComponentNames>;
  /** Further files of the image; an artifact has none. */
  readonly files?: readonly { readonly hostPath: string; readonly imagePath: string }[];
  /** The machine's own tools unless given. */
  readonly tools?: ToolHost;
  readonly signal?: AbortSignal;
}

/** The module that a folder of source becomes; a prebuilt one keeps its own name. */
const BUILT_MODULE_NAME = "app.wasm";

const MODULE_MODE = 0o755;
const FILE_MODE = 0o644;

/** Makes an image of one module and puts it into the store. Nothing is written before the module was looked at. */
export async function buildImage(options: BuildOptions): Promise<StoredImage> {
  const { source, store, format = "scratch" } = options;
  const name = parseLocalName(options.name);
  if (format === "wasm-artifact" && (options.files ?? []).length > 0) {
    throw new KwasmError("invalid-argument", `building "${source}": a wasm-artifact has no further files`);
  }
  using scratch = mkdtempDisposableSync(join(tmpdir(), "kwasm-build-"));
  const module = isFolder(source)
    ? makeModule(await compileFolder(source, pickTools(options, scratch.path)), BUILT_MODULE_NAME)
    : makeModule(source, options.moduleName ?? basename(source));
  const files = [module.file, ...(options.files ?? []).map(makeFile)];
  checkNames(source, files);
  const isDescribed = format === "wasm-artifact" && module.kind === "component";
  const names = isDescribed ? await options.describe?.(module.file.content) : undefined;
  using ingest = store.ingest();
  const descriptor =
    format === "scratch"
      ? await assembleImage(files, module.file.imagePath, ingest)
      : await assembleArtifact({ ...module, names }, ingest);
  return store.put(name, descriptor, ingest);
}

function pickTools(
  { tools = systemToolHost, signal }: BuildOptions,
  scratch: string,
): Parameters<typeof compileFolder>[1] {
  return { tools, scratch, ...(signal === undefined ? {} : { signal }) };
}

function isFolder(source: string): boolean {
  try {
    return statSync(source).isDirectory();
  } catch (error) {
    throw KwasmError.from(error, `building "${source}"`);
  }
}

function makeModule(hostPath: string, name: string): { readonly file: ImageFile; readonly kind: WasmKind } {
  const file = { ...makeFile({ hostPath, imagePath: name }), mode: MODULE_MODE };
  const action = `building an image of "${hostPath}"`;
  return { file, kind: checkWasmBytes(file.content, hostPath, action) };
}

function makeFile({ hostPath, imagePath }: { readonly hostPath: string; readonly imagePath: string }): ImageFile {
  const segments = splitEntryName(imagePath.replace(/^\//, ""), imageLimits);
  return { imagePath: posix.join("/", ...segments), content: readWhole(hostPath), mode: FILE_MODE };
}

function readWhole(path: string): Buffer {
  const action = `reading "${path}" for an image`;
  try {
    const { size } = statSync(path);
    if (size <= imageLimits.moduleBytesMax) return readFileSync(path);
    throw new KwasmError("limit-exceeded", `${action}: its ${size} bytes pass ${imageLimits.moduleBytesMax}`);
  } catch (error) {
    throw KwasmError.from(error, action);
  }
}

function checkNames(source: string, files: readonly ImageFile[]): void {
  const seen = new Set<string>();
  for (const { imagePath } of files) {
    if (imagePath === "/" || seen.has(imagePath)) {
      throw new KwasmError("invalid-argument", `building "${source}": there are two files for "${imagePath}"`);
    }
    seen.add(imagePath);
  }
}
