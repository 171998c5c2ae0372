import { isRuntimeHandler } from "#api";
import { type KubeObject, listAt, textAt } from "#kube";
import { type NodeView, viewNode } from "#operator";

/** A Node as the operator sees it, and what pods find there. */
export interface ClusterNode extends NodeView {
  /** RuntimeClass handlers that its kubelet says containerd serves; undefined where the kubelet is too old to say. */
  readonly handlers: readonly string[] | undefined;
  /** Pods that tolerate nothing may be put there. */
  readonly takesPods: boolean;
  /** The kubelet is that of K3s. */
  readonly isOfK3s: boolean;
}

/** A node has about ten; the API has no limit. */
const HANDLERS_MAX = 1_000;

export function viewClusterNode(node: KubeObject): ClusterNode {
  const { spec, status } = node;
  const handlers = listAt(status, "runtimeHandlers").slice(0, HANDLERS_MAX);
  const isRepelling = listAt(spec, "taints").some((taint) => textAt(taint, "effect") !== "PreferNoSchedule");
  return {
    ...viewNode(node),
    handlers: handlers.length === 0 ? undefined : handlers.map((handler) => textAt(handler, "name") ?? ""),
    takesPods: !isRepelling && textAt(status, "nodeInfo", "operatingSystem") !== "windows",
    isOfK3s: textAt(status, "nodeInfo", "kubeletVersion")?.includes("+k3s") === true,
  };
}

/** Whether pods of this handler start on the node, as far as the cluster knows. */
export function servesHandler(node: ClusterNode, handler: string): boolean {
  if (node.handlers !== undefined) return node.handlers.includes(handler);
  return node.isLabelled && isRuntimeHandler(handler);
}
