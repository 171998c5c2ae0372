import { nativeImage } from "../../e2e/containerd/native-image.ts";

/** The namespace of everything that is made in the cluster. */
export const namespace = "kwasm-bench";

const handlerLabel = "kwasm-bench";

/** The RuntimeClass of the shim under test. */
export const wasmClass = {
  apiVersion: "node.k8s.io/v1",
  kind: "RuntimeClass",
  metadata: { name: handlerLabel },
  handler: "spin",
};

export const namespaceObject = { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } };

export interface ContainerSpec {
  readonly name: string;
  readonly image: string;
  readonly [field: string]: unknown;
}

export const idleWasm: ContainerSpec = { name: "idle", image: "localhost/idle:v1" };
export const idleNative: ContainerSpec = {
  name: "idle",
  image: nativeImage,
  command: ["/bin/busybox", "sleep", "1000000"],
};

interface PodOptions {
  readonly containers: readonly ContainerSpec[];
  readonly isNative?: boolean;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly spec?: Readonly<Record<string, unknown>>;
}

function podSpecOf({ containers, isNative = false, spec = {} }: PodOptions): object {
  const runtime = isNative ? {} : { runtimeClassName: wasmClass.metadata.name };
  // Native ones hear no SIGTERM as process 1, and are not to wait for it.
  return { ...runtime, containers, terminationGracePeriodSeconds: 1, enableServiceLinks: false, ...spec };
}

export function deploymentOf(name: string, replicas: number, options: PodOptions): object {
  const labels = { app: name };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: { metadata: { labels, annotations: options.annotations ?? {} }, spec: podSpecOf(options) },
    },
  };
}

export function podOf(name: string, options: PodOptions): object {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace, annotations: options.annotations ?? {} },
    spec: podSpecOf(options),
  };
}
