import { readFileSync } from "node:fs";
import { join } from "node:path";

import { KwasmError, writeFileAtomic } from "#base";

import type { Bundle } from "../bundle.ts";

/** What a pod lends to its native containers. */
export type PodPlace = Pick<Bundle, "namespaces" | "hostname" | "sysctls">;

/** Where containerd believes the namespaces of a pod to be: those of its sandbox's process, which has the id 0. */
const VIRTUAL_PATH = /^\/proc\/0\/ns\//u;
/** The namespaces that a pod's containers share; the others are a container's own where the pod has no process. */
const sharedTypes: ReadonlySet<string> = new Set(["ipc", "uts"]);

interface Namespace {
  readonly type: string;
  readonly path?: string;
}

/**
 * Rewrites a bundle's `config.json` for runc, so that it joins what is there of its pod: the network, and the ipc and
 * uts namespaces of `neighbour`, another native process of the pod. Where there is none, and for process ids, users and
 * whatever else would be the sandbox's process's, it gets a new one, or the host's where the pod asks for that.
 */
export function adaptBundle(bundle: string, pod: PodPlace, neighbour: number | undefined): void {
  const path = join(bundle, "config.json");
  try {
    const text = adaptSpecification(readFileSync(path, "utf8"), pod, neighbour);
    writeFileAtomic(path, text);
  } catch (error) {
    throw KwasmError.from(error, `adapt "${path}" to its pod`);
  }
}

/** Exported for its tests: the text of `config.json`, before and after. */
export function adaptSpecification(text: string, pod: PodPlace, neighbour: number | undefined): string {
  const config = parseExactly(text);
  const { namespaces = [], sysctl = {} } = config.linux ?? {};
  const adapted = namespaces.flatMap((namespace) => adaptNamespace(namespace, pod, neighbour));
  const uts = adapted.find(({ type }) => type === "uts");
  const isHostnameNew = uts !== undefined && uts.path === undefined && pod.hostname !== "";
  return JSON.stringify({
    ...config,
    ...(isHostnameNew ? { hostname: pod.hostname } : {}),
    linux: { ...config.linux, namespaces: adapted, sysctl: { ...sysctlsFor(adapted, pod), ...sysctl } },
  });
}

function adaptNamespace(namespace: Namespace, pod: PodPlace, neighbour: number | undefined): readonly Namespace[] {
  const { type, path = "" } = namespace;
  if (!VIRTUAL_PATH.test(path)) return [namespace];
  const own = pod.namespaces.find((other) => other.type === type);
  if (own === undefined) return [];
  if (own.path !== undefined) return [{ type, path: own.path }];
  if (neighbour === undefined || !sharedTypes.has(type)) return [{ type }];
  return [{ type, path: `/proc/${String(neighbour)}/ns/${type}` }];
}

/**
 * A pod's kernel parameters are set with its sandbox's process elsewhere. runc refuses those of a namespace that the
 * container has not (libcontainer/configs/validate of runc).
 */
function sysctlsFor(namespaces: readonly Namespace[], { sysctls }: PodPlace): Readonly<Record<string, string>> {
  const has = (type: string): boolean => namespaces.some((namespace) => namespace.type === type);
  const isOurs = (name: string): boolean =>
    (name.startsWith("net.") && has("network")) ||
    (/^(?:kernel\.(?:msg|sem|shm)|fs\.mqueue\.)/u.test(name) && has("ipc"));
  return Object.fromEntries(Object.entries(sysctls).filter(([name]) => isOurs(name)));
}

interface Specification {
  readonly linux?: {
    readonly namespaces?: readonly Namespace[];
    readonly sysctl?: Readonly<Record<string, string>>;
  };
}

/** Keeps numbers as they are written: limits of 64 bits, which containerd writes, do not fit into JavaScript's. */
function parseExactly(text: string): Specification {
  // containerd wrote it, and the task's bundle was read from it before by readBundle, which checks each field.
  return JSON.parse(text, keepNumber) as Specification;
}

function keepNumber(_: string, value: unknown, { source }: { source?: string } = {}): unknown {
  return typeof value === "number" && source !== undefined ? JSON.rawJSON(source) : value;
}
