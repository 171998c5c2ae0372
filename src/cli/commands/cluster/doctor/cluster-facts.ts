import type { KubeObject } from "#kube";
import type { JobPodView, WorkView } from "#operator";

import type { ClusterNode } from "../cluster-node.ts";
import type { OperatorView } from "../find-operators.ts";
import type { WasmClass } from "../wasm-class.ts";

/** All that `doctor` looks at. What may not be read is undefined: nothing is concluded from it. */
export interface ClusterFacts {
  readonly nowMs: number;
  readonly operators: readonly OperatorView[] | undefined;
  /** Why pods of the first operator do not run, as Kubernetes says; empty where they do. */
  readonly operatorTrouble: string;
  readonly lease: KubeObject | "none" | undefined;
  /** Of the operator. */
  readonly namespace: KubeObject | undefined;
  readonly nodes: readonly ClusterNode[] | undefined;
  readonly jobs: readonly InstallerJob[] | undefined;
  readonly classes: readonly WasmClass[] | undefined;
  /** The names of all classes, and their handlers. */
  readonly classHandlers: ReadonlyMap<string, string> | undefined;
  readonly shims: readonly KubeObject[] | undefined;
  readonly shimHandlers: ReadonlySet<string>;
  /** Those that wait for something, of all namespaces. */
  readonly pendingPods: readonly KubeObject[] | undefined;
}

/** A Job of an installer on a node. */
export interface InstallerJob {
  readonly nodeName: string;
  /** Of a Shim; undefined: the runtime's. */
  readonly shim: string | undefined;
  readonly work: WorkView;
  readonly pod: JobPodView | undefined;
  /** Why its container waits, in Kubernetes' word. */
  readonly waitingReason: string;
  /** Why the API server took no pod of it; empty where it did. */
  readonly refusal: string;
}
