import type { ConfigMap, Container, Deployment, Pod, PodSpec, Service } from "../kinds/index.ts";

/** Admitted objects for tests, as the manifest reader would give them. */
export function makeContainer(change: Partial<Container> = {}): Container {
  return {
    name: "app",
    image: "hello",
    imagePullPolicy: "IfNotPresent",
    command: [],
    args: [],
    env: [],
    envFrom: [],
    ports: [{ containerPort: 8080, protocol: "TCP" }],
    resources: { limits: {}, requests: {} },
    volumeMounts: [],
    ...change,
  };
}

function makePodSpec(change: Partial<PodSpec> = {}): PodSpec {
  return {
    containers: [makeContainer()],
    volumes: [],
    restartPolicy: "Always",
    terminationGracePeriodSeconds: 1,
    enableServiceLinks: true,
    ...change,
  };
}

export function makePod(name: string, spec: Partial<PodSpec> = {}): Pod {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "default", labels: { app: name }, annotations: {} },
    spec: makePodSpec(spec),
  };
}

export function makeDeployment(name: string, replicas: number, spec: Partial<PodSpec> = {}): Deployment {
  const labels = { app: name };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace: "default", labels, annotations: {} },
    spec: {
      replicas,
      selector: { matchLabels: labels, matchExpressions: [] },
      template: { metadata: { labels, annotations: {} }, spec: makePodSpec(spec) },
      strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: "25%", maxUnavailable: "25%" } },
      minReadySeconds: 0,
      revisionHistoryLimit: 10,
      progressDeadlineSeconds: 600,
      paused: false,
    },
  };
}

export function makeService(name: string, port: number, targetPort: number | string = port): Service {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, namespace: "default", labels: {}, annotations: {} },
    spec: {
      type: "ClusterIP",
      ports: [{ port, targetPort, protocol: "TCP" }],
      selector: { app: name },
      sessionAffinity: "None",
      publishNotReadyAddresses: false,
    },
  };
}

export function makeConfigMap(name: string, data: Readonly<Record<string, string>>): ConfigMap {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name, namespace: "default", labels: {}, annotations: {} },
    data,
    binaryData: {},
  };
}
