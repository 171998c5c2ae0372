import { createHash, randomInt } from "node:crypto";
import { labels } from "#api";
import type { Deployment, Pod, PodTemplate } from "../kinds/index.ts";

/** Kubernetes' alphabet for generated names: no vowels and no look-alikes, so that no words come about. */
const NAME_ALPHABET = "bcdfghjklmnpqrstvwxz2456789";
const TEMPLATE_HASH_LENGTH = 10;
const POD_SUFFIX_LENGTH = 5;

/** Names are DNS labels of hosts too, so a long Deployment name is cut as Kubernetes cuts generated names. */
const POD_NAME_LENGTH_MAX = 63;

/** Same template, same hash, whatever the order of its fields. */
export function hashTemplate(template: PodTemplate): string {
  const digest = createHash("sha256")
    .update(JSON.stringify(sortKeys(template)))
    .digest();
  return [...digest.subarray(0, TEMPLATE_HASH_LENGTH)].map(letterOf).join("");
}

/** Whether a pod of the Deployment was made of its present template. */
export function isOfTemplate(deployment: Deployment, pod: Pod): boolean {
  return pod.metadata.labels[labels.podTemplateHash] === hashTemplate(deployment.spec.template);
}

/** A pod of a Deployment, ready to be stored. */
export function podFromTemplate(deployment: Deployment, hash: string): Pod {
  const { name, namespace, uid = "" } = deployment.metadata;
  const { metadata, spec } = deployment.spec.template;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: generateName(`${name}-${hash}-`),
      namespace,
      labels: { ...metadata.labels, [labels.podTemplateHash]: hash },
      annotations: metadata.annotations,
      ownerReferences: [{ apiVersion: deployment.apiVersion, kind: deployment.kind, name, uid, controller: true }],
    },
    spec,
  };
}

function generateName(prefix: string): string {
  const suffix = Array.from({ length: POD_SUFFIX_LENGTH }, () => letterOf(randomInt(NAME_ALPHABET.length))).join("");
  return `${prefix.slice(0, POD_NAME_LENGTH_MAX - POD_SUFFIX_LENGTH)}${suffix}`;
}

function letterOf(number: number): string {
  return NAME_ALPHABET.charAt(number % NAME_ALPHABET.length);
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sortKeys(inner)]));
}
