/** Every kind that `kwasm up` runs: a new kind is a file beside this one and a line here. */
import { configMapKind } from "./config-map.ts";
import { deploymentKind } from "./deployment.ts";
import type { KindDefinition } from "./kind.ts";
import type { KubeObject } from "./kube-object.ts";
import { namespaceKind } from "./namespace.ts";
import { podKind } from "./pod.ts";
import { runtimeClassKind } from "./runtime-class.ts";
import { secretKind } from "./secret.ts";
import { serviceKind } from "./service.ts";

/** In the order in which `up` creates them and `get all` shows them. */
export const kinds: readonly KindDefinition<KubeObject>[] = [
  namespaceKind,
  runtimeClassKind,
  configMapKind,
  secretKind,
  serviceKind,
  podKind,
  deploymentKind,
];

const byKind = new Map<string, KindDefinition<KubeObject>>(kinds.map((definition) => [definition.kind, definition]));

/** The definition of an object's kind, or undefined for a kind that is not supported. */
export function kindOf(kind: string): KindDefinition<KubeObject> | undefined {
  return byKind.get(kind);
}

/** The kind that a word of a command line means: `pod`, `pods`, `po`, `deployments.apps`, in any case. */
export function findKindByWord(word: string): KindDefinition<KubeObject> | undefined {
  const [name = ""] = word.toLowerCase().split(".");
  return kinds.find(
    ({ kind, plural, shortNames }) => kind.toLowerCase() === name || plural === name || shortNames.includes(name),
  );
}
