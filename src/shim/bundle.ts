import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";

import { KwasmError } from "#base";

/** containerd's own limit of a message, which a container's whole specification has to pass on its way here. */
export const CONFIG_BYTES_MAX = 4 * 1024 * 1024;

/** A container as containerd describes it in its bundle, in the words of the OCI runtime specification's config.md. */
export interface Bundle {
  readonly args: readonly string[];
  readonly env: readonly (readonly [name: string, value: string])[];
  readonly workingDirectory: string;
  /** Absolute. */
  readonly rootPath: string;
  readonly isRootReadOnly: boolean;
  readonly mounts: readonly BundleMount[];
  readonly annotations: Readonly<Record<string, string>>;
  /** Limit of memory in bytes, where there is one. */
  readonly memoryBytesMax?: number;
  /** `own` where it asks for a network namespace, with its path where that exists already. */
  readonly network: { readonly kind: "host" } | { readonly kind: "own"; readonly path?: string };
}

export interface BundleMount {
  readonly source: string;
  readonly destination: string;
  readonly type: string;
  readonly options: readonly string[];
}

/** Reads `config.json` of a bundle; throws a typed error that names the file. */
export function readBundle(directory: string): Bundle {
  const path = join(directory, "config.json");
  const action = `read "${path}"`;
  try {
    const { size } = statSync(path);
    if (size > CONFIG_BYTES_MAX) {
      throw new KwasmError(
        "limit-exceeded",
        `${action}: it has ${String(size)} bytes, ${String(CONFIG_BYTES_MAX)} are allowed; give the container less`,
      );
    }
    return bundleOf(JSON.parse(readFileSync(path, "utf8")), directory);
  } catch (error) {
    if (error instanceof SyntaxError) throw new KwasmError("corrupt", `${action}: ${error.message}`, { cause: error });
    throw KwasmError.from(error, action);
  }
}

function bundleOf(config: unknown, directory: string): Bundle {
  const process = get(config, "process");
  const root = get(config, "root");
  const memoryBytesMax = get(config, "linux", "resources", "memory", "limit");
  const rootPath = textOf(get(root, "path")) ?? "rootfs";
  return {
    args: textsOf(get(process, "args")),
    env: textsOf(get(process, "env")).map(splitVariable),
    workingDirectory: textOf(get(process, "cwd")) ?? "/",
    rootPath: rootPath.startsWith("/") ? rootPath : join(directory, rootPath),
    isRootReadOnly: get(root, "readonly") === true,
    mounts: listOf(get(config, "mounts")).map(mountOf),
    annotations: annotationsOf(get(config, "annotations")),
    // containerd writes 0 or -1 for "no limit".
    ...(typeof memoryBytesMax === "number" && memoryBytesMax > 0 ? { memoryBytesMax } : {}),
    network: networkOf(listOf(get(config, "linux", "namespaces"))),
  };
}

function networkOf(namespaces: readonly unknown[]): Bundle["network"] {
  const network = namespaces.find((namespace) => get(namespace, "type") === "network");
  if (network === undefined) return { kind: "host" };
  const path = textOf(get(network, "path"));
  return path === undefined || path === "" ? { kind: "own" } : { kind: "own", path };
}

function mountOf(mount: unknown): BundleMount {
  return {
    source: textOf(get(mount, "source")) ?? "",
    destination: textOf(get(mount, "destination")) ?? "",
    type: textOf(get(mount, "type")) ?? "",
    options: textsOf(get(mount, "options")),
  };
}

function annotationsOf(annotations: unknown): Record<string, string> {
  if (typeof annotations !== "object" || annotations === null) return {};
  const texts = Object.entries(annotations).filter((entry): entry is [string, string] => typeof entry[1] === "string");
  return Object.fromEntries(texts);
}

function splitVariable(variable: string): readonly [string, string] {
  const [name = ""] = variable.split("=", 1);
  return [name, variable.slice(name.length + 1)];
}

/** What is at a path of keys, or undefined where any of them is missing. */
function get(value: unknown, ...keys: readonly string[]): unknown {
  let reached = value;
  for (const key of keys) {
    if (typeof reached !== "object" || reached === null || !Object.hasOwn(reached, key)) return undefined;
    // An object with this key of its own was just found.
    reached = (reached as Readonly<Record<string, unknown>>)[key];
  }
  return reached;
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function textsOf(value: unknown): readonly string[] {
  return listOf(value).filter((item) => typeof item === "string");
}
