import {
  checkAnnotationKey,
  checkDnsLabel,
  checkLabelValue,
  checkQualifiedName,
  type FormatCheck,
  ignoredSo,
  listOf,
  mapOf,
  objectOf,
  oneOf,
  required,
  type Schema,
  someText,
  text,
  withDefault,
} from "../schema/index.ts";
import type { LabelSelector, LabelSelectorRequirement, NamespacedMeta, ObjectMeta, StringMap } from "./object.ts";

/** The namespace of an object that names none. */
export const DEFAULT_NAMESPACE = "default";

/** Fields that only the API server writes; exported manifests have them, and it ignores them too. */
const serverOwned = [
  "uid",
  "resourceVersion",
  "generation",
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
  "managedFields",
  "selfLink",
  "ownerReferences",
] as const;

const unsupported = {
  finalizers: ignoredSo("the object is removed without waiting for anyone"),
  generateName: ignoredSo("give the object a name"),
};

type ReadMeta = Pick<ObjectMeta, "name" | "labels" | "annotations">;
type ReadNamespacedMeta = ReadMeta & Pick<NamespacedMeta, "namespace">;

const commonFields = {
  labels: withDefault(labelMap(), {}),
  annotations: withDefault(mapOf(text(), checkAnnotationKey), {}),
};

/** Labels, or any other map with the format of labels, such as a service's selector. */
export function labelMap(): Schema<StringMap> {
  return mapOf(text(checkLabelValue), checkQualifiedName);
}

/** Metadata of an object in a namespace; `checkName` is the kind's own rule for names. */
export function namespacedMeta(checkName: FormatCheck): Schema<NamespacedMeta> {
  return objectOf<ReadNamespacedMeta>({
    fields: {
      ...commonFields,
      name: required(someText(checkName), "name or generateName is required"),
      namespace: withDefault(text(checkDnsLabel), DEFAULT_NAMESPACE),
    },
    unsupported,
    serverOwned,
  });
}

/** Metadata of an object that belongs to the whole machine. */
export function machineMeta(checkName: FormatCheck): Schema<ObjectMeta> {
  return objectOf<ReadMeta>({
    fields: { ...commonFields, name: required(someText(checkName), "name or generateName is required") },
    unsupported: { ...unsupported, namespace: ignoredSo("objects of this kind belong to no namespace") },
    serverOwned,
  });
}

/** Metadata of a pod template, which has no name of its own. */
export function templateMeta(): Schema<{ readonly labels: StringMap; readonly annotations: StringMap }> {
  return objectOf<{ readonly labels: StringMap; readonly annotations: StringMap }>({
    fields: commonFields,
    unsupported: { ...unsupported, name: ignoredSo("pods are named after their owner") },
    serverOwned: [...serverOwned, "namespace"],
  });
}

export function labelSelector(): Schema<LabelSelector> {
  return objectOf<LabelSelector>({
    fields: {
      matchLabels: withDefault(labelMap(), {}),
      matchExpressions: withDefault(listOf(selectorRequirement()), []),
    },
  });
}

function selectorRequirement(): Schema<LabelSelectorRequirement> {
  return objectOf<LabelSelectorRequirement>({
    fields: {
      key: required(someText(checkQualifiedName)),
      operator: required(oneOf("In", "NotIn", "Exists", "DoesNotExist")),
      values: withDefault(listOf(text(checkLabelValue)), []),
    },
    rule: ({ operator, values }, cursor) => {
      const needsValues = operator === "In" || operator === "NotIn";
      const hint = `must be there when operator is ${operator}`;
      if (needsValues && values.length === 0) cursor.refuseMissing("values", hint);
      if (!needsValues && values.length > 0) {
        cursor.find("values").refuse(`Forbidden: may not be there when operator is ${operator}`);
      }
    },
  });
}
