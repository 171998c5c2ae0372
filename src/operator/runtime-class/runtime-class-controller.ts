import { labels } from "#api";
import type { Log } from "#base";
import {
  type Controller,
  type EventRecorder,
  type Informer,
  type KubeClient,
  type NewObject,
  resourceTypes,
  triggerOf,
} from "#kube";

import { fieldManager } from "../node/perform.ts";
import { probeClassName } from "../node/work-objects.ts";
import { managedLabels } from "../node/work-view.ts";
import type { RuntimeClassWish, Settings } from "../settings.ts";
import { isAsWished, type RuntimeClassView } from "./runtime-class-view.ts";

/**
 * What a pod of ours takes beyond its containers: containerd's share and the runtime's, at the hundreds of pods that a
 * node of ours has (bench/containerd/memory.ts).
 */
const overhead = { podFixed: { memory: "2Mi" } };

interface RuntimeClassParts {
  readonly client: KubeClient;
  readonly settings: Settings;
  readonly log: Log;
  readonly events: EventRecorder;
  readonly classes: Informer<RuntimeClassView>;
  /** Whether a Shim of the user asks for the class, which then is that Shim's. */
  readonly isOfShim: (className: string) => boolean;
}

/** Keeps the RuntimeClasses of the settings, and leaves all others alone. Keys are their names. */
export function createRuntimeClassController(parts: RuntimeClassParts): Controller {
  const wishes = new Map(parts.settings.runtimeClasses.map((wish) => [wish.name, wish]));
  // Without a selector, and never the user's to choose: see makeProbe.
  wishes.set(probeClassName, { name: probeClassName, handler: "kwasm" });
  return {
    name: "runtimeclass",
    triggers: [
      {
        whenSynced: (signal) => parts.classes.whenSynced(signal),
        subscribe: (enqueue) => {
          for (const name of wishes.keys()) enqueue(name);
          return { [Symbol.dispose]: () => undefined };
        },
      },
      triggerOf(parts.classes, ({ key }) => (wishes.has(key) ? [key] : [])),
    ],
    reconcile: async (key) => {
      const wish = wishes.get(key);
      if (wish !== undefined) await keepClass(parts, wish);
      return undefined;
    },
  };
}

async function keepClass(parts: RuntimeClassParts, wish: RuntimeClassWish): Promise<void> {
  const { client, classes, events, log } = parts;
  const known = classes.get(wish.name);
  if (known?.shimUid !== undefined || parts.isOfShim(wish.name)) return;
  if (known !== undefined && known.handler !== wish.handler) {
    const note = `has the handler "${known.handler}" and not "${wish.handler}"; a handler cannot be changed, so the class is left as it is: delete it for ours to be made, or take it out of the chart's runtimeClasses`;
    const metadata = { name: wish.name, uid: known.uid };
    const regarding = { apiVersion: "node.k8s.io/v1", kind: "RuntimeClass", metadata } as const;
    events.record({ regarding, type: "Warning", reason: "OtherHandler", action: "KeepRuntimeClass", note });
    log.warn(`RuntimeClass "${wish.name}" ${note}`);
    return;
  }
  const object = makeClass(wish);
  if (known !== undefined && isAsWished(known, object)) return;
  await client.apply(resourceTypes.runtimeClass, object, { fieldManager, force: true });
}

function makeClass({ name, handler }: RuntimeClassWish): NewObject {
  const metadata = { name, labels: managedLabels };
  if (name === probeClassName) return { metadata, handler };
  const scheduling = { nodeSelector: { [labels.kwasmReady]: "true" } };
  return { metadata, handler, scheduling, overhead };
}
