import type { KubeObject, Metadata } from "#kube";

/** What a test says of a Node; what it leaves out is as on a node that has the runtime. */
export interface NodeFacts {
  readonly name?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly condition?: { readonly reason: string; readonly message: string } | undefined;
  readonly handlers?: readonly string[];
  readonly taints?: readonly object[];
  readonly isReady?: boolean;
  readonly kubeletVersion?: string;
}

const asked = { "kwasm.sh/kwasm-node": "true" } as const;

const installation = JSON.stringify({ image: "installer:1", version: "1.2.3", hasReport: true, verifiedBoot: "b" });
export const installed = { ...asked, "kwasm.sh/installation": installation } as const;

export function readyLabels(name: string): Readonly<Record<string, string>> {
  return { "kwasm.sh/kwasm-provisioned": name, "kwasm.sh/ready": "true" };
}

const readyNode = {
  name: "n1",
  annotations: installed,
  taints: [],
  isReady: true,
  condition: { reason: "WasmPodRan", message: "version 1.2.3 runs Wasm pods" },
  kubeletVersion: "v1.34.4",
} as const satisfies NodeFacts;

export function makeNode(facts: NodeFacts = {}): KubeObject {
  const all = { ...readyNode, labels: readyLabels(facts.name ?? readyNode.name), ...facts };
  const { name, annotations, labels, taints, condition, kubeletVersion, handlers } = all;
  const own = condition === undefined ? [] : [{ type: "KwasmReady", ...condition }];
  const runtimeHandlers = handlers?.map((handler) => ({ name: handler }));
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name, uid: `uid-of-${name}`, annotations, labels },
    spec: { taints },
    status: {
      conditions: [{ type: "Ready", status: all.isReady ? "True" : "False" }, ...own],
      nodeInfo: { operatingSystem: "linux", bootID: "b", kubeletVersion },
      ...(runtimeHandlers && { runtimeHandlers }),
    },
  };
}

/** A node that is to have the runtime and does not have it. */
export function makeUnready(facts: NodeFacts = {}): KubeObject {
  return makeNode({ annotations: asked, labels: {}, ...facts });
}

export function makeClass(name: string, handler: string, nodeSelector?: Readonly<Record<string, string>>): KubeObject {
  const scheduling = nodeSelector === undefined ? {} : { scheduling: { nodeSelector } };
  return { apiVersion: "node.k8s.io/v1", kind: "RuntimeClass", metadata: { name }, handler, ...scheduling };
}

export function makePod(name: string, parts: { readonly spec: object; readonly status?: object }): KubeObject {
  const metadata: Metadata = { name, namespace: "shop" };
  return { apiVersion: "v1", kind: "Pod", metadata, ...parts };
}
