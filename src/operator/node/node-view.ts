import { annotations, labels, SHIM_PREFIX } from "#api";
import { fieldAt, type KubeObject, listAt, textAt } from "#kube";

import { type Installation, parseInstallation } from "./installation.ts";
import { labelValueOf } from "./names.ts";

/** Taints of a node that are looked at; the API has no limit. */
const TAINTS_MAX = 1_000;

/** What the operator needs of a Node. Heartbeats are left out, so that they change nothing here. */
export interface NodeView {
  readonly name: string;
  readonly uid: string;
  /** The annotation as it is, since a value that means nothing is to be told. */
  readonly annotation: string | undefined;
  readonly isLabelWish: boolean;
  readonly isReady: boolean;
  readonly isLeaving: boolean;
  /** Both labels are there and right. */
  readonly isLabelled: boolean;
  /** One of them is there, right or not. */
  readonly hasLabel: boolean;
  readonly installation: Installation | undefined;
  /** Their keys. */
  readonly taints: readonly string[];
  readonly bootId: string;
  /** For selectors. */
  readonly labels: Readonly<Record<string, string>>;
  readonly operatingSystem: string;
  readonly architecture: string;
  /** What was installed of shims of others, by their names: see ShimNote. */
  readonly shims: Readonly<Record<string, string>>;
  /** The condition that says so to users, as it is. */
  readonly condition: ConditionView | undefined;
}

export interface ConditionView {
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

/** The condition of a Node that tells what became of the runtime there. */
export const conditionType = "KwasmReady";

/** Reasons of what goes on as it should; every other one is why it does not. */
const quietReasons: ReadonlySet<string> = new Set([
  "Installing",
  "Installed",
  "Probing",
  "WasmPodRan",
  "Removing",
  "NodeNotReady",
  "UpgradePending",
]);

export function isTrouble({ reason }: ConditionView): boolean {
  return !quietReasons.has(reason);
}

export function viewNode(node: KubeObject): NodeView {
  const { metadata, spec, status } = node;
  const { name, uid = "" } = metadata;
  const value = metadata.labels?.[labels.kwasmProvisioned];
  const ready = metadata.labels?.[labels.kwasmReady];
  return {
    name,
    uid,
    annotation: metadata.annotations?.[annotations.kwasmNode],
    isLabelWish: metadata.labels?.[annotations.kwasmNode] === "true",
    isReady: conditionOf(status, "Ready")?.status === "True",
    isLeaving: metadata.deletionTimestamp !== undefined,
    isLabelled: value === labelValueOf(name) && ready === "true",
    hasLabel: value !== undefined || ready !== undefined,
    installation: parseInstallation(metadata.annotations?.[annotations.installation]),
    taints: listAt(spec, "taints")
      .slice(0, TAINTS_MAX)
      .flatMap((taint) => textAt(taint, "key") ?? []),
    bootId: textAt(status, "nodeInfo", "bootID") ?? "",
    ...viewForShims(node),
    condition: conditionOf(status, conditionType),
  };
}

function viewForShims({ metadata, status }: KubeObject) {
  const [operatingSystem = "", architecture = ""] = ["operatingSystem", "architecture"].map((name) =>
    textAt(status, "nodeInfo", name),
  );
  const { labels: all = {}, annotations: noted = {} } = metadata;
  return { labels: all, operatingSystem, architecture, shims: shimsOf(noted) };
}

function shimsOf(noted: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const own = Object.entries(noted).filter(([key]) => key.startsWith(SHIM_PREFIX));
  return Object.fromEntries(own.map(([key, note]) => [key.slice(SHIM_PREFIX.length), note]));
}

/** The condition of an object's status that has this type. */
export function conditionOf(status: unknown, type: string): ConditionView | undefined {
  const condition = listAt(status, "conditions").find((one) => fieldAt(one, "type") === type);
  if (condition === undefined) return undefined;
  const [state, reason, message] = ["status", "reason", "message"].map((name) => textAt(condition, name) ?? "");
  return { status: state ?? "", reason: reason ?? "", message: message ?? "" };
}
