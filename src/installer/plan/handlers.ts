import { runtimeHandlers, shimFileOf } from "#api";

import type { ShimOptions } from "../shims/shim-request.ts";
import type { ConfiguredHandler, CriTable } from "../toml/handler-tables.ts";

/** A handler that we register, and the program that containerd starts for it. */
export interface OwnHandler {
  readonly name: string;
  /** An absolute path: containerd's PATH need not have our folder (containerd #11480). */
  readonly runtimeType: string;
  /** Those of containers that containerd hands on to the shim. */
  readonly containerAnnotations: readonly string[];
  readonly podAnnotations: readonly string[];
  readonly options: ShimOptions;
}

/** Annotations that containerd hands on to the shim: kubelet's ports, and ours. */
const containerAnnotations = ["io.kubernetes.container.ports", "kwasm.sh/*"] as const;
const podAnnotations = ["kwasm.sh/*"] as const;

export function runtimeHandlersIn(directory: string, hasSystemdCgroup: boolean): readonly OwnHandler[] {
  const options: ShimOptions = hasSystemdCgroup ? { SystemdCgroup: true } : {};
  return runtimeHandlers.map((name) => {
    const runtimeType = `${directory}/bin/${shimFileOf(name)}`;
    return { name, runtimeType, containerAnnotations, podAnnotations, options };
  });
}

/**
 * Folders in which KWasm's, containerd-shim-spin's and runtime-class-manager's installers keep shims, and which no user
 * chooses for his own.
 */
const adoptedFolders = ["/opt/kwasm/bin/", "/opt/rcm/bin/", "/var/snap/microk8s/common/kwasm/bin/"];

/** Whether another installer registered it for a runtime that ours replaces. */
export function isAdopted({ name, runtimeType }: ConfiguredHandler): boolean {
  const isOurs = runtimeHandlers.some((handler) => handler === name);
  return isOurs && adoptedFolders.some((folder) => runtimeType.startsWith(folder));
}

/** The tables of handlers, in the schema that `table` belongs to. */
export function formatHandlers(table: CriTable, handlers: readonly OwnHandler[]): string {
  const plugin = table === "cri" ? table : JSON.stringify(table);
  return handlers
    .map(({ name, runtimeType, options, ...annotations }) => {
      const header = `plugins.${plugin}.containerd.runtimes.${name}`;
      const lines = [
        `[${header}]`,
        `  runtime_type = ${JSON.stringify(runtimeType)}`,
        ...formatList("container_annotations", annotations.containerAnnotations),
        ...formatList("pod_annotations", annotations.podAnnotations),
        ...formatOptions(header, options),
      ];
      return `${lines.join("\n")}\n`;
    })
    .join("");
}

function formatList(key: string, words: readonly string[]): readonly string[] {
  return words.length === 0 ? [] : [`  ${key} = [${words.map((word) => JSON.stringify(word)).join(", ")}]`];
}

/** JSON's strings, numbers and truth values are TOML's too; the only characters that differ are not escaped by JSON. */
function formatOptions(header: string, options: ShimOptions): readonly string[] {
  const lines = Object.entries(options).map(([key, value]) => `  ${key} = ${formatValue(value)}`);
  return lines.length === 0 ? [] : [`[${header}.options]`, ...lines];
}

function formatValue(value: ShimOptions[string]): string {
  return JSON.stringify(value).replaceAll("\u007F", String.raw`\u007F`);
}

/**
 * Where a containerd reads the runtimes of a file of this version. containerd 2 does not migrate the table of version
 * 1, and takes that of version 3 in a file of version 1.
 */
export function criTableOf(fileVersion: number, containerdMajor: number): CriTable {
  if (fileVersion >= 3) return "io.containerd.cri.v1.runtime";
  if (fileVersion === 2) return "io.containerd.grpc.v1.cri";
  return containerdMajor >= 2 ? "io.containerd.cri.v1.runtime" : "cri";
}
