import { checkDnsLabel, objectOf, oneOf, required } from "../schema/index.ts";
import { describeAnnotations, describeLabels } from "./describe-metadata.ts";
import { ageOf } from "./human-duration.ts";
import { type KindDefinition, line } from "./kind.ts";
import { machineMeta } from "./metadata.ts";
import type { ObjectMeta } from "./object.ts";

export interface Namespace {
  readonly apiVersion: "v1";
  readonly kind: "Namespace";
  readonly metadata: ObjectMeta;
  readonly status?: NamespaceStatus;
}

export interface NamespaceStatus {
  readonly phase: "Active" | "Terminating";
}

export const namespaceKind: KindDefinition<Namespace> = {
  kind: "Namespace",
  apiVersion: "v1",
  plural: "namespaces",
  shortNames: ["ns"],
  isNamespaced: false,
  read: objectOf<Omit<Namespace, "status">>({
    fields: {
      apiVersion: required(oneOf("v1")),
      kind: required(oneOf("Namespace")),
      metadata: required(machineMeta(checkDnsLabel)),
    },
    serverOwned: ["spec", "status"],
  }),
  columns: [
    { header: "NAME", cell: ({ metadata }) => metadata.name },
    { header: "STATUS", cell: (namespace) => phaseOf(namespace) },
    { header: "AGE", cell: ({ metadata }, { nowMs }) => ageOf(metadata, nowMs) },
  ],
  describe: (namespace) => [
    line(0, "Name:", namespace.metadata.name),
    ...describeLabels(0, "Labels:", namespace.metadata.labels),
    ...describeAnnotations(0, namespace.metadata.annotations),
    line(0, "Status:", phaseOf(namespace)),
  ],
};

function phaseOf({ metadata, status }: Namespace): string {
  if (metadata.deletionTimestamp !== undefined) return "Terminating";
  return status?.phase ?? "Active";
}
