import { createHash } from "node:crypto";

/** Of a Job's name, since its pods' label `job-name` has it; of a label's value; RFC 1123 and Kubernetes' labels. */
const NAME_CHARS_MAX = 63;
const HASH_CHARS = 10;

/** `<node>-provision-kwasm` as KWasm names it, and another ending for the others that a node may have. */
export function jobNameOf(node: string, action: "install" | "uninstall"): string {
  return withEnding(node, action === "install" ? "-provision-kwasm" : "-deprovision-kwasm");
}

export function probeNameOf(node: string): string {
  return withEnding(node, "-probe-kwasm");
}

/** The hash keeps apart what a node's name and a shim's could make together in several ways. */
export function shimJobNameOf(node: string, shim: string, action: "install" | "uninstall"): string {
  const ending = `-${hashOf(JSON.stringify([node, shim]))}-${action}-shim`;
  return `${cut(`${node}-${shim}`, NAME_CHARS_MAX - ending.length)}${ending}`;
}

/** The node's name, as far as a label may have it: KWasm's manifests select nodes by this value. */
export function labelValueOf(node: string): string {
  return withEnding(node, "");
}

/** A name that is too long ends in a hash of all of it: two nodes whose names begin alike do not get the same. */
function withEnding(node: string, ending: string): string {
  if (node.length + ending.length <= NAME_CHARS_MAX) return node + ending;
  const end = `-${hashOf(node)}${ending}`;
  return cut(node, NAME_CHARS_MAX - end.length) + end;
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, HASH_CHARS);
}

/** Names may not have a dot before a dash. */
function cut(name: string, charsMax: number): string {
  return name.slice(0, charsMax).replace(/[^a-z\d]+$/u, "");
}
