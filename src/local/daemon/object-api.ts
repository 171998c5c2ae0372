import { type Clock, KwasmError } from "#base";
import { deleteObject } from "../controllers/delete-object.ts";
import { ownerOf } from "../controllers/deployment-controller.ts";
import type { Deployment, KubeObject, ObjectKey, Pod } from "../kinds/index.ts";
import { POD_COUNT_MAX } from "../pods/pod-manager.ts";
import { selectsPod } from "../pods/pod-ports.ts";
import type { EventStore } from "../store/event-store.ts";
import { keyText } from "../store/object-key.ts";
import type { ObjectStore } from "../store/object-store.ts";
import { applyObjects } from "./apply-objects.ts";
import type { ApplyResult, DeleteRequest, Description, ObjectQuery, ScaleRequest } from "./api.ts";
import { parseLabelSelector } from "./label-selector.ts";

export interface ObjectApiContext {
  readonly store: ObjectStore;
  readonly events: EventStore;
  readonly clock: Clock;
  /** Called after objects were applied: blocked pods may find now what they wait for. */
  readonly onApplied: () => void;
}

/** What commands ask of stored objects. Knows nothing of HTTP. */
export class ObjectApi {
  readonly #context: ObjectApiContext;

  constructor(context: ObjectApiContext) {
    this.#context = context;
  }

  apply(objects: readonly KubeObject[]): ApplyResult[] {
    const results = applyObjects(this.#context.store, objects);
    this.#context.onApplied();
    return results;
  }

  /** Throws `not-found` for a name that is not there; a selector that nothing matches gives an empty list. */
  list(query: ObjectQuery): KubeObject[] {
    const { kind, namespace, name, labelSelector } = query;
    if (name !== undefined) return [this.#find(keyOfQuery(kind, name, namespace))];
    const matches = labelSelector === undefined ? () => true : parseLabelSelector(labelSelector);
    return this.#context.store.list(kind, namespace).filter(({ metadata }) => matches(metadata.labels));
  }

  describe(key: ObjectKey): Description {
    const object = this.#find(key);
    return { object, events: this.#context.events.listOf(key), pods: this.#podsOf(object) };
  }

  scale({ namespace, name, replicas }: ScaleRequest): Deployment {
    if (!Number.isInteger(replicas) || replicas < 0 || replicas > POD_COUNT_MAX) {
      throw new KwasmError(
        "invalid-argument",
        `scale deployment "${name}" to "${replicas}": give a whole number from 0 to ${POD_COUNT_MAX}`,
      );
    }
    const deployment = this.#find({ kind: "Deployment", namespace, name });
    if (deployment.kind !== "Deployment") {
      throw new KwasmError("internal", `scale "${name}": it is a "${deployment.kind}"`);
    }
    return (
      this.#context.store.update(deployment, (current) => ({ ...current, spec: { ...current.spec, replicas } })) ??
      deployment
    );
  }

  /** Returns the keys that were there. */
  delete({ keys, graceSeconds }: DeleteRequest): ObjectKey[] {
    for (const { kind, name } of keys) {
      if (kind === "Namespace" && name === "default") {
        throw new KwasmError(
          "failed-precondition",
          `delete namespace "default": it always exists; use "kwasm down" to end everything`,
        );
      }
    }
    return keys.filter((key) => deleteObject(this.#context, key, graceSeconds));
  }

  #find(key: ObjectKey): KubeObject {
    const object = this.#context.store.find(key);
    if (object !== undefined) return object;
    const place = key.namespace === undefined ? "" : ` in namespace "${key.namespace}"`;
    throw new KwasmError("not-found", `find ${key.kind} "${key.name}"${place}: there is none`);
  }

  #podsOf(object: KubeObject): Pod[] {
    const { namespace, uid } = object.metadata;
    const pods = this.#context.store.list("Pod", namespace);
    if (object.kind === "Deployment") return pods.filter((pod) => ownerOf(pod)?.uid === uid);
    return object.kind === "Service" ? pods.filter((pod) => selectsPod(object, pod)) : [];
  }
}

function keyOfQuery(kind: string, name: string, namespace: string | undefined): ObjectKey {
  const key: ObjectKey = namespace === undefined ? { kind, name } : { kind, namespace, name };
  if (keyText(key).split("/").length !== 3) {
    throw new KwasmError("invalid-argument", `find "${name}": a name holds no slash`);
  }
  return key;
}
