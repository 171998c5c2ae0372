import { isDeepStrictEqual } from "node:util";
import { annotations } from "#api";
import { KwasmError } from "#base";
import type { KubeObject, Service } from "../kinds/index.ts";
import { keyOf, keyText } from "../store/object-key.ts";
import type { ObjectStore } from "../store/object-store.ts";
import { APPLY_OBJECTS_MAX, type ApplyResult } from "./api.ts";

/** Kinds in the order in which they are put in place: what pods refer to comes before the pods. */
const kindOrder: readonly KubeObject["kind"][] = [
  "Namespace",
  "RuntimeClass",
  "ConfigMap",
  "Secret",
  "Service",
  "Deployment",
  "Pod",
];

/** Annotations that controllers keep on objects; a manifest that does not name them leaves them alone. */
const keptAnnotations: ReadonlySet<string> = new Set([
  annotations.mappedPorts,
  annotations.deploymentRevision,
  "kwasm.sh/revision-hash",
]);

/**
 * Makes the stored objects as the given ones are. All are checked before the first is touched; what is there already
 * and the same is left alone. Throws `failed-precondition` for a change that Kubernetes does not allow either.
 */
export function applyObjects(store: ObjectStore, objects: readonly KubeObject[]): ApplyResult[] {
  if (objects.length > APPLY_OBJECTS_MAX) {
    throw new KwasmError(
      "limit-exceeded",
      `apply "${objects.length}" objects: at most "${APPLY_OBJECTS_MAX}" are allowed at once; split the manifests`,
    );
  }
  checkNamespaces(store, objects);
  for (const object of objects) checkChange(store.find(keyOf(object)), object);
  const ordered = [...objects].sort((one, other) => kindOrder.indexOf(one.kind) - kindOrder.indexOf(other.kind));
  const results = new Map(ordered.map((object) => [object, applyObject(store, object)]));
  return objects.flatMap((object) => results.get(object) ?? []);
}

function applyObject(store: ObjectStore, object: KubeObject): ApplyResult {
  const key = keyOf(object);
  const live = store.find(key);
  if (live === undefined) {
    store.create(object);
    return { key, outcome: "created" };
  }
  const next = mergeIntoLive(live, object);
  if (isDeepStrictEqual(next, live)) return { key, outcome: "unchanged" };
  store.update(live, () => next);
  return { key, outcome: "configured" };
}

/** The manifest's content with the identity, the status and the controllers' own notes of what is stored. */
function mergeIntoLive(live: KubeObject, wanted: KubeObject): KubeObject {
  const kept = Object.entries(live.metadata.annotations).filter(([key]) => keptAnnotations.has(key));
  const metadata = {
    ...live.metadata,
    labels: wanted.metadata.labels,
    annotations: { ...Object.fromEntries(kept), ...wanted.metadata.annotations },
  };
  const status = "status" in live ? { status: live.status } : {};
  const content = wanted.kind === "Service" && live.kind === "Service" ? withAllocated(live, wanted) : wanted;
  // The spread keeps the kind of `wanted`; only the two maps of metadata and the status came from elsewhere.
  return { ...content, metadata, ...status } as KubeObject;
}

/** Address and node ports that the controller gave, where the manifest leaves them open. */
function withAllocated(live: Service, wanted: Service): Service {
  const nodePorts = new Map(live.spec.ports.map(({ port, nodePort }) => [port, nodePort]));
  const ports = wanted.spec.ports.map((port) => {
    const nodePort = wanted.spec.type === "ClusterIP" ? port.nodePort : (port.nodePort ?? nodePorts.get(port.port));
    return nodePort === undefined ? port : { ...port, nodePort };
  });
  const clusterIP = wanted.spec.clusterIP ?? live.spec.clusterIP;
  return { ...wanted, spec: { ...wanted.spec, ports, ...(clusterIP === undefined ? {} : { clusterIP }) } };
}

function checkNamespaces(store: ObjectStore, objects: readonly KubeObject[]): void {
  const coming = new Set(objects.filter(({ kind }) => kind === "Namespace").map(({ metadata }) => metadata.name));
  for (const { kind, metadata } of objects) {
    const { namespace } = metadata;
    if (namespace === undefined || coming.has(namespace)) continue;
    const message = `apply ${kind} "${metadata.name}": namespace "${namespace}"`;
    const there = store.get("Namespace", namespace);
    if (there === undefined) throw new KwasmError("not-found", `${message} does not exist; add its manifest`);
    if (there.metadata.deletionTimestamp !== undefined) {
      throw new KwasmError("failed-precondition", `${message} is being deleted; try again once it is gone`);
    }
  }
}

/** What the API server refuses to change; everything else may change. */
function checkChange(live: KubeObject | undefined, wanted: KubeObject): void {
  if (live === undefined) return;
  const action = `apply ${keyText(keyOf(wanted))}`;
  if (live.metadata.deletionTimestamp !== undefined) {
    throw new KwasmError("failed-precondition", `${action}: it is being deleted; try again once it is gone`);
  }
  const refusal = refusalOf(live, wanted);
  if (refusal !== undefined) throw new KwasmError("failed-precondition", `${action}: ${refusal}; delete it first`);
}

function refusalOf(live: KubeObject, wanted: KubeObject): string | undefined {
  if (live.kind === "Pod" && wanted.kind === "Pod") {
    return isDeepStrictEqual(live.spec, wanted.spec) ? undefined : `the "spec" of a pod cannot change`;
  }
  if (live.kind === "Deployment" && wanted.kind === "Deployment") {
    const isSame = isDeepStrictEqual(live.spec.selector, wanted.spec.selector);
    return isSame ? undefined : `"spec.selector" of a deployment cannot change`;
  }
  return isImmutable(live) && !isDeepStrictEqual(dataOf(live), dataOf(wanted)) ? `it is "immutable"` : undefined;
}

function isImmutable(object: KubeObject): boolean {
  return (object.kind === "ConfigMap" || object.kind === "Secret") && object.immutable === true;
}

function dataOf(object: KubeObject): unknown {
  if (object.kind === "ConfigMap") return [object.data, object.binaryData];
  return object.kind === "Secret" ? object.data : undefined;
}
