import { createHash } from "node:crypto";

import type { NodeView } from "../node/node-view.ts";
import { architectureOf, type Artifact, type ShimView } from "./shim-view.ts";

/** What the installer is asked for on one node, or why it cannot be asked. */
export type ShimRequest =
  | {
      readonly kind: "request";
      /** The variable KWASM_SHIM. */
      readonly text: string;
      /** Tells two requests apart. */
      readonly digest: string;
    }
  | { readonly kind: "problem"; readonly reason: string; readonly message: string };

/** So many digits tell all requests of one shim apart. */
const DIGEST_DIGITS = 32;

/** What Kubernetes' labels and containerd's tables take, and so the installer. */
const namePattern = /^[a-z\d](?:[-a-z\d]{0,61}[a-z\d])?$/u;

/** `others` are the Shims besides, of which one may have the handler on this node already. */
export function requestFor(shim: ShimView, node: NodeView, others: Iterable<ShimView>): ShimRequest {
  for (const name of [shim.name, shim.handler]) {
    if (namePattern.test(name)) continue;
    const message = `"${name}" cannot be a handler's name: take at most 63 lower-case letters, digits and dashes`;
    return { kind: "problem", reason: "InvalidName", message };
  }
  const rival = rivalOf(shim, node, others);
  if (rival !== undefined) {
    const what = `the handler "${shim.handler}" is that of Shim "${rival.name}" on the node`;
    return { kind: "problem", reason: "HandlerTaken", message: `${what}: give one of them another, or other nodes` };
  }
  const artifact = shim.artifacts.find(({ arch }) => arch === undefined || arch === architectureOf(node.architecture));
  if (artifact === undefined) {
    const what = `there is no archive for nodes of "${node.architecture}"`;
    const message = `${what}: add it to spec.fetchStrategy.platforms, or leave such nodes out by spec.nodeSelector`;
    return { kind: "problem", reason: "NoPlatform", message };
  }
  const { sha256 } = artifact;
  if (sha256 === undefined || sha256 === "") {
    const what = `the archive "${artifact.location}" has no digest`;
    const message = `${what}: write what sha256sum prints of it beside its location, as "sha256"`;
    return { kind: "problem", reason: "DigestMissing", message };
  }
  return formatRequest(shim, { ...artifact, sha256 });
}

function formatRequest(shim: ShimView, { location, sha256 }: Artifact): ShimRequest {
  const options = Object.fromEntries(Object.entries(shim.options).map(([key, text]) => [key, parseOption(text)]));
  const text = JSON.stringify({ name: shim.name, handler: shim.handler, url: location, sha256, options });
  return { kind: "request", text, digest: createHash("sha256").update(text).digest("hex").slice(0, DIGEST_DIGITS) };
}

/** runtime-class-manager writes options into TOML as they stand, so its users put texts into quotes. */
function parseOption(text: string): string | number | boolean {
  if (text === "true" || text === "false") return text === "true";
  if (/^-?(0|[1-9]\d{0,14})$/u.test(text)) return Number(text);
  return /^"[^"\\]*"$/u.test(text) ? text.slice(1, -1) : text;
}

export function isSelected({ nodeSelector }: ShimView, node: NodeView): boolean {
  if (node.operatingSystem !== "linux") return false;
  return Object.entries(nodeSelector).every(([key, value]) => node.labels[key] === value);
}

/** Of two Shims with one handler, the earlier has it. */
function rivalOf(shim: ShimView, node: NodeView, others: Iterable<ShimView>): ShimView | undefined {
  for (const other of others) {
    const isSame = other.name === shim.name || other.handler !== shim.handler;
    if (!isSame && isEarlier(other, shim) && isSelected(other, node)) return other;
  }
  return undefined;
}

function isEarlier(left: ShimView, right: ShimView): boolean {
  return left.createdAt === right.createdAt ? left.name < right.name : left.createdAt < right.createdAt;
}
