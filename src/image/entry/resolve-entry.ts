import { posix } from "node:path";
import { KwasmError } from "#base";
import { type Digest, digestOfFile } from "../digest.ts";
import type { ImageConfig } from "../document.ts";
import type { UnpackedImage } from "../unpack/unpack.ts";
import { checkWasmFile, type WasmKind } from "../wasm-file.ts";
import { findFile, listModules, type RootFile } from "./root-file.ts";

/** What a container says about its process: Kubernetes' `command` and `args`, variables already expanded. */
export interface ContainerCommand {
  /** Replaces the image's Entrypoint, and drops its Cmd. */
  readonly command?: readonly string[];
  /** Replaces the image's Cmd. */
  readonly args?: readonly string[];
}

/** The process of a container. */
export interface ContainerEntry {
  readonly module: {
    /** File on this machine. */
    readonly path: string;
    /** The same file as the guest would name it: `/app.wasm`. */
    readonly imagePath: string;
    readonly digest: Digest;
    readonly kind: WasmKind;
  };
  /** The first word is what the image or the container called the module. */
  readonly argv: readonly string[];
  readonly env: ImageConfig["env"];
  readonly workingDirectory: string;
  /** As the image writes it; "" for root. */
  readonly user: string;
}

/** A command that names no file: the image decides. Every tutorial of KWasm and Spin writes it, as their shims ignored it. */
export const PLACEHOLDER = "/";

/** How many modules an error lists; more would bury its message. */
const MODULES_SHOWN_MAX = 10;

/**
 * Answers what a container of this image runs. `command: ["/"]` stands for the image's own entrypoint, with the words
 * after it kept. Where nobody names a module, the only `*.wasm` of the image is it. An image of raw Wasm layers has
 * no file names, and its only module runs whatever the command calls it: runwasi's rule, whose users write any name.
 */
export async function resolveEntry(image: UnpackedImage, override: ContainerCommand = {}): Promise<ContainerEntry> {
  const { config } = image;
  const [name, ...rest] = chooseWords(image, override);
  const file = await findModule(image, name);
  const kind = await checkWasmFile(file.path, `starting image "${image.name}"`);
  return {
    module: { ...file, digest: await digestOfFile(file.path), kind },
    argv: [name === PLACEHOLDER ? file.imagePath : name, ...rest],
    env: config.env,
    workingDirectory: config.workingDirectory,
    user: config.user,
  };
}

/** Kubernetes' rules for command and args, then the placeholder; it is left where the image has nothing to put there. */
function chooseWords(image: UnpackedImage, { command = [], args }: ContainerCommand): readonly [string, ...string[]] {
  const { config } = image;
  const words = command.length > 0 ? [...command, ...(args ?? [])] : imageWords(image, args);
  const [first = PLACEHOLDER, ...rest] = words;
  if (first !== PLACEHOLDER && first !== "") return [first, ...rest];
  const own = config.entrypoint.length > 0 ? config.entrypoint : config.cmd.slice(0, 1);
  const [ownFirst = PLACEHOLDER, ...ownRest] = own;
  return [ownFirst, ...ownRest, ...rest];
}

/** An artifact has neither entrypoint nor command: args alone are its module's. */
function imageWords({ config, kind }: UnpackedImage, args: readonly string[] | undefined): readonly string[] {
  if (args === undefined) return [...config.entrypoint, ...config.cmd];
  const isUnnamed = kind !== "files" && config.entrypoint.length === 0;
  return [...(isUnnamed ? [PLACEHOLDER] : config.entrypoint), ...args];
}

async function findModule(image: UnpackedImage, name: string): Promise<RootFile> {
  const named = name === PLACEHOLDER ? undefined : findNamed(image, name);
  if (named !== undefined) return named;
  const modules = await listModules(image.root);
  const [only] = modules;
  if (only !== undefined && modules.length === 1 && (name === PLACEHOLDER || image.kind !== "files")) {
    return { path: posix.join(image.root, only), imagePath: only };
  }
  throw notFound(image, name, modules);
}

function findNamed(image: UnpackedImage, name: string): RootFile | undefined {
  for (const path of placesOf(image.config, name)) {
    const file = findFile(image.root, path);
    if (file !== undefined) return file;
  }
  return undefined;
}

/** Where a word may name a file: itself when absolute, else under the working directory, PATH and the root. */
export function placesOf(
  { workingDirectory, env }: Pick<ImageConfig, "workingDirectory" | "env">,
  name: string,
): readonly string[] {
  if (name.startsWith("/")) return [name];
  const path = name.includes("/") ? "" : (env.findLast(([variable]) => variable === "PATH")?.[1] ?? "");
  const directories = [workingDirectory, ...path.split(":").filter((directory) => directory.startsWith("/")), "/"];
  return [...new Set(directories.map((directory) => posix.join("/", directory, name)))];
}

function notFound(image: UnpackedImage, name: string, modules: readonly string[]): KwasmError {
  const shown = modules.slice(0, MODULES_SHOWN_MAX).map((path) => `"${path}"`);
  const left = modules.length - shown.length;
  const present = shown.length === 0 ? "no *.wasm file" : `${shown.join(", ")}${left > 0 ? ` and ${left} more` : ""}`;
  const looked =
    name === PLACEHOLDER ? "it has no entrypoint and not exactly one module" : `there is no file "${name}" in it`;
  return new KwasmError(
    "not-found",
    `starting image "${image.name}": ${looked}; it holds ${present}; name one in the container's command`,
  );
}
