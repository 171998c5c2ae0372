import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";

import { KwasmError } from "#base";
import type { UserSpec, WorkloadLimits } from "#node";

import { userOf } from "./bundle-user.ts";
import { limitsOf } from "./linux-resources.ts";

/** containerd's own limit of a message, which a container's whole specification has to pass on its way here. */
export const CONFIG_BYTES_MAX = 4 * 1024 * 1024;

/** A container as containerd describes it in its bundle, in the words of the OCI runtime specification's config.md. */
export interface Bundle {
  readonly args: readonly string[];
  readonly env: readonly (readonly [name: string, value: string])[];
  readonly workingDirectory: string;
  readonly user?: UserSpec;
  /** Absolute. */
  readonly rootPath: string;
  readonly isRootReadOnly: boolean;
  readonly mounts: readonly BundleMount[];
  readonly annotations: Readonly<Record<string, string>>;
  /** Limits of memory and processors, where there are some. */
  readonly limits: WorkloadLimits;
  /** Where a container's cgroup would be, in the words of runc or of systemd: see podCgroupOf. */
  readonly cgroupsPath?: string;
  /** How soon the kernel ends it for want of memory; kubelet computes it from the pod's class and requests. */
  readonly oomScoreAdj?: number;
  /** `own` where it asks for a network namespace, with its path where that exists already. */
  readonly network: { readonly kind: "host" } | { readonly kind: "own"; readonly path?: string };
  /** What it asks for of the kernel's namespaces; one that is not listed is the host's. */
  readonly namespaces: readonly BundleNamespace[];
  /** "" for the host's. */
  readonly hostname: string;
  /** Kernel parameters of its namespaces. */
  readonly sysctls: Readonly<Record<string, string>>;
}

export interface BundleNamespace {
  /** `network`, `ipc`, `uts`, …: the words of config-linux.md. */
  readonly type: string;
  /** Of one that exists already; else a new one is meant. */
  readonly path?: string;
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
  const user = userOf(get(process, "user"));
  const rootPath = textOf(get(root, "path")) ?? "rootfs";
  const cgroupsPath = textOf(get(config, "linux", "cgroupsPath"));
  const oomScoreAdj = get(process, "oomScoreAdj");
  const namespaces = listOf(get(config, "linux", "namespaces")).map(namespaceOf);
  return {
    args: textsOf(get(process, "args")),
    env: textsOf(get(process, "env")).map(splitVariable),
    workingDirectory: textOf(get(process, "cwd")) ?? "/",
    ...(user === undefined ? {} : { user }),
    rootPath: rootPath.startsWith("/") ? rootPath : join(directory, rootPath),
    isRootReadOnly: get(root, "readonly") === true,
    mounts: listOf(get(config, "mounts")).map(mountOf),
    annotations: textsByKeyOf(get(config, "annotations")),
    limits: limitsOf(get(config, "linux", "resources")),
    ...(cgroupsPath === undefined ? {} : { cgroupsPath }),
    ...(typeof oomScoreAdj === "number" ? { oomScoreAdj } : {}),
    network: networkOf(namespaces),
    namespaces,
    hostname: textOf(get(config, "hostname")) ?? "",
    sysctls: textsByKeyOf(get(config, "linux", "sysctl")),
  };
}

function networkOf(namespaces: readonly BundleNamespace[]): Bundle["network"] {
  const network = namespaces.find(({ type }) => type === "network");
  if (network === undefined) return { kind: "host" };
  return network.path === undefined ? { kind: "own" } : { kind: "own", path: network.path };
}

function namespaceOf(namespace: unknown): BundleNamespace {
  const type = textOf(get(namespace, "type")) ?? "";
  const path = textOf(get(namespace, "path")) ?? "";
  return path === "" ? { type } : { type, path };
}

function mountOf(mount: unknown): BundleMount {
  return {
    source: textOf(get(mount, "source")) ?? "",
    destination: textOf(get(mount, "destination")) ?? "",
    type: textOf(get(mount, "type")) ?? "",
    options: textsOf(get(mount, "options")),
  };
}

function textsByKeyOf(map: unknown): Record<string, string> {
  if (typeof map !== "object" || map === null) return {};
  const texts = Object.entries(map).filter((entry): entry is [string, string] => typeof entry[1] === "string");
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
