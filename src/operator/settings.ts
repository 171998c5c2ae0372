import { isRuntimeHandler } from "#api";
import { KwasmError } from "#base";

/** What the chart decides, as the process gets it: in variables of KWasm's names, and ours beside them. */
export interface Settings {
  /** Where Jobs and probes are made. */
  readonly namespace: string;
  readonly installerImage: string;
  /** Installs shims of others. One that does not know how would install its own instead, so no other's image is taken. */
  readonly shimInstallerImage: string;
  readonly pullPolicy: string | undefined;
  readonly pullSecrets: readonly string[];
  /** All nodes are wanted but those whose annotation says "false". */
  readonly isAutomatic: boolean;
  /** Of the nodes that are to have the runtime, how many may be moved to another installer image at once. */
  readonly maxUnavailable: Share;
  /** Key of a taint that is taken from nodes that are ready. */
  readonly startupTaint: string | undefined;
  readonly runtimeClasses: readonly RuntimeClassWish[];
}

/** A number of nodes, or a part of all in percent. */
export type Share = { readonly count: number } | { readonly percent: number };

/** A RuntimeClass that the operator keeps. */
export interface RuntimeClassWish {
  readonly name: string;
  readonly handler: string;
}

/** `wasmtime` is none of them: tutorials create it with the handler `spin`, and a class's handler cannot be changed. */
const defaultRuntimeClasses: readonly RuntimeClassWish[] = [
  { name: "kwasm", handler: "kwasm" },
  { name: "wasmtime-spin-v2", handler: "spin" },
];

/** More classes than handlers are there, and names for each, have no use. */
const RUNTIME_CLASSES_MAX = 100;
const VALUE_CHARS_MAX = 16_384;

export type Variables = Readonly<Record<string, string | undefined>>;

/** Reads the process's variables. `defaultInstallerImage` is the one of the same release. */
export function readSettings(variables: Variables, defaultInstallerImage: string): Settings {
  const namespace = valueOf(variables, "CONTROLLER_NAMESPACE");
  if (namespace === undefined) {
    throw new KwasmError("invalid-argument", 'read "CONTROLLER_NAMESPACE": set it to the namespace of the operator');
  }
  return {
    namespace,
    installerImage: valueOf(variables, "INSTALLER_IMAGE") ?? defaultInstallerImage,
    shimInstallerImage: valueOf(variables, "SHIM_INSTALLER_IMAGE") ?? defaultInstallerImage,
    pullPolicy: valueOf(variables, "INSTALLER_IMAGE_PULL_POLICY"),
    pullSecrets: (valueOf(variables, "INSTALLER_IMAGE_PULL_SECRETS") ?? "").split(",").filter((name) => name !== ""),
    isAutomatic: valueOf(variables, "AUTO_PROVISION_NODES")?.toLowerCase() === "true",
    maxUnavailable: readShare(variables, "MAX_UNAVAILABLE"),
    startupTaint: valueOf(variables, "STARTUP_TAINT"),
    runtimeClasses: readRuntimeClasses(valueOf(variables, "RUNTIME_CLASSES")),
  };
}

function valueOf(variables: Variables, name: string): string | undefined {
  const value = variables[name];
  if (value === undefined || value === "") return undefined;
  if (value.length <= VALUE_CHARS_MAX) return value;
  throw new KwasmError("limit-exceeded", `read "${name}": it may have ${String(VALUE_CHARS_MAX)} characters at most`);
}

/** As Kubernetes' own maxUnavailable: a number, or a part of all. */
function readShare(variables: Variables, name: string): Share {
  const text = valueOf(variables, name) ?? "1";
  if (/^[1-9]\d{0,3}$/u.test(text)) return { count: Number(text) };
  if (/^([1-9]\d?|100)%$/u.test(text)) return { percent: Number(text.slice(0, -1)) };
  throw new KwasmError(
    "invalid-argument",
    `read "${name}": "${text}" is neither a number from 1 on nor a part as "10%"`,
  );
}

function readRuntimeClasses(text: string | undefined): readonly RuntimeClassWish[] {
  if (text === undefined) return defaultRuntimeClasses;
  const wishes = parseJson(text);
  if (!Array.isArray(wishes) || wishes.length > RUNTIME_CLASSES_MAX) {
    throw badClasses(`it is no list of at most ${String(RUNTIME_CLASSES_MAX)} classes`);
  }
  return wishes.map(readWish);
}

function readWish(wish: unknown): RuntimeClassWish {
  const fields: Readonly<Record<string, unknown>> = typeof wish === "object" && wish !== null ? { ...wish } : {};
  const { name, handler } = fields;
  if (typeof name !== "string" || !/^[a-z\d]([-a-z\d.]{0,251}[a-z\d])?$/u.test(name)) {
    throw badClasses(`${JSON.stringify(name)} is no name of a RuntimeClass`);
  }
  if (typeof handler === "string" && isRuntimeHandler(handler)) return { name, handler };
  throw badClasses(`the class "${name}" has the handler ${JSON.stringify(handler)}, which the runtime does not serve`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw badClasses(String(error));
  }
}

function badClasses(reason: string): KwasmError {
  return new KwasmError("invalid-argument", `read "RUNTIME_CLASSES": ${reason}; give [{"name": …, "handler": …}]`);
}
