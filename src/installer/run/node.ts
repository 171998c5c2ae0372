import type { InstallReport } from "#api";

import type { Host, HostFile } from "../host/host.ts";
import { baseOf } from "../plan/edits.ts";
import { type OwnHandler, runtimeHandlersIn } from "../plan/handlers.ts";
import { planConfiguration } from "../plan/plan-configuration.ts";
import { BASE_TEMPLATE } from "../plan/plan-rancher.ts";
import { type ConfigurationPlan, type PlanInputs, withText } from "../plan/plan.ts";
import type { Preset, SupportedNode } from "../presets/preset.ts";
import { Containerd } from "./containerd.ts";
import { digestOfFile, type InstallState, type ShimRecord, StateStore } from "./state.ts";

/** How the installer is to behave on a node, apart from what the node says itself. */
export interface NodeOptions {
  readonly preset: Preset;
  /** Instead of the preset's folder. */
  readonly directory: string | undefined;
  readonly hasSystemdCgroup: boolean;
  /** What is to be on the node, given what is. */
  target(state: InstallState | undefined): Target;
}

/** What an installer is to bring about. */
export interface Target {
  readonly hasRuntime: boolean;
  readonly shims: readonly ShimRecord[];
}

/** A node that the installer can work on, with all that was read of it. */
export interface Node {
  readonly host: Host;
  readonly preset: Preset;
  readonly node: SupportedNode;
  readonly directory: string;
  readonly store: StateStore;
  readonly state: InstallState | undefined;
  readonly target: Target;
  readonly containerd: Containerd;
  /** Empty where it could not be told. */
  readonly containerdVersion: string;
  readonly inputs: PlanInputs;
}

/** Reads the node; undefined where the installer knows that it cannot work there. */
export async function readNode(host: Host, options: NodeOptions): Promise<Node | undefined> {
  const { preset } = options;
  const { node } = preset;
  if (node.kind === "unsupported") return undefined;
  const directory = options.directory ?? node.directory;
  const store = new StateStore(host, directory);
  const state = store.read();
  const containerd = new Containerd(host, node);
  const containerdVersion = await containerd.readVersion();
  const target = options.target(state);
  const inputs: PlanInputs = {
    host,
    node,
    directory,
    containerdMajor: Number.parseInt(containerdVersion, 10) || 1,
    handlers: handlersOf(target, directory, options.hasSystemdCgroup),
    restoredOf: (path, current, base) => restoredOf({ store, state }, { path, current, base }),
  };
  return { host, preset, node, directory, store, state, target, containerd, containerdVersion, inputs };
}

/** A user who brings a shim for a name of ours wants that one. */
function handlersOf(
  { hasRuntime, shims }: Target,
  directory: string,
  hasSystemdCgroup: boolean,
): readonly OwnHandler[] {
  const others = shims.map(({ handler, path, options }) => {
    return { name: handler, runtimeType: path, containerAnnotations: [], podAnnotations: [], options };
  });
  const own = hasRuntime ? runtimeHandlersIn(directory, hasSystemdCgroup) : [];
  return [...own.filter(({ name }) => !shims.some(({ handler }) => handler === name)), ...others];
}

export function planNodeConfiguration({ inputs }: Node): ConfigurationPlan {
  return planConfiguration(inputs);
}

interface FileNow {
  readonly path: string;
  readonly current: HostFile | undefined;
  readonly base: string | undefined;
}

/**
 * What uninstall would leave. A file that nobody has touched since gets the very bytes that it had; of another one, ours
 * is taken out.
 */
export function restoredOf(
  { store, state }: Pick<Node, "store" | "state">,
  { path, current, base }: FileNow,
): HostFile | undefined {
  if (current === undefined) return undefined;
  const record = state?.files.find((file) => file.path === path);
  if (record !== undefined && record.after === digestOfFile(current)) return store.load(record.restored);
  const text = base ?? baseOf(current.content.toString());
  const isMadeByUs = record?.restored === null && (text === BASE_TEMPLATE || /^version = \d+\n$/u.test(text));
  return isMadeByUs ? undefined : withText(current, text);
}

export function reportOf(
  { preset, containerdVersion }: Pick<Node, "preset" | "containerdVersion">,
  fields: Pick<InstallReport, "outcome" | "reason" | "message" | "runtimeVersion"> & { handlers?: readonly string[] },
): InstallReport {
  return { reportVersion: 1, distribution: preset.name, containerdVersion, handlers: [], ...fields };
}
