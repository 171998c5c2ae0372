import { mkdtempDisposableSync, readFileSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, posix } from "node:path";
import { KwasmError } from "#base";
import { imageLimits } from "../limits.ts";
import { parseLocalName } from "../reference.ts";
import type { ImageStore, StoredImage } from "../store/store.ts";
import { splitEntryName } from "../unpack/entry-name.ts";
import { checkWasmBytes } from "../wasm-file.ts";
import type { ImageFile } from "./archive.ts";
import { assembleImage } from "./assemble.ts";
import { compileFolder } from "./compile.ts";
import { systemToolHost, type ToolHost } from "./tool-host.ts";

export interface BuildOptions {
  /** A folder of source, or the `*.wasm` file of a core module or a component. */
  readonly source: string;
  /** Where a `*.wasm` file is in the image; in its root, under its own name, unless given. */
  readonly moduleName?: string;
  /** NAME or NAME:TAG, as given to `-t`. */
  readonly name: string;
  readonly store: ImageStore;
  /** Further files of the image. */
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
  const { source, store } = options;
  const name = parseLocalName(options.name);
  using scratch = mkdtempDisposableSync(join(tmpdir(), "kwasm-build-"));
  const module = isFolder(source)
    ? makeModule(await compileFolder(source, pickTools(options, scratch.path)), BUILT_MODULE_NAME)
    : makeModule(source, options.moduleName ?? basename(source));
  const files = [module, ...(options.files ?? []).map(makeFile)];
  checkNames(source, files);
  using ingest = store.ingest();
  const descriptor = await assembleImage(files, module.imagePath, ingest);
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

function makeModule(hostPath: string, name: string): ImageFile {
  const file = { ...makeFile({ hostPath, imagePath: name }), mode: MODULE_MODE };
  const action = `building an image of "${hostPath}"`;
  checkWasmBytes(file.content, hostPath, action);
  return file;
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
