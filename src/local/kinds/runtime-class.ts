import {
  checkDnsLabel,
  checkDnsSubdomain,
  ignored,
  ignoredSo,
  objectOf,
  oneOf,
  required,
  someText,
} from "../schema/index.ts";
import { describeAnnotations, describeLabels } from "./describe-metadata.ts";
import { ageOf } from "./human-duration.ts";
import { type KindDefinition, line } from "./kind.ts";
import { machineMeta } from "./metadata.ts";
import type { ObjectMeta } from "./object.ts";

export interface RuntimeClass {
  readonly apiVersion: "node.k8s.io/v1";
  readonly kind: "RuntimeClass";
  readonly metadata: ObjectMeta;
  /** One of `runtimeHandlers` of `#api`, or the pod is refused. */
  readonly handler: string;
}

export const runtimeClassKind: KindDefinition<RuntimeClass> = {
  kind: "RuntimeClass",
  apiVersion: "node.k8s.io/v1",
  plural: "runtimeclasses",
  shortNames: [],
  isNamespaced: false,
  read: objectOf<RuntimeClass>({
    fields: {
      apiVersion: required(oneOf("node.k8s.io/v1")),
      kind: required(oneOf("RuntimeClass")),
      metadata: required(machineMeta(checkDnsSubdomain)),
      handler: required(someText(checkDnsLabel)),
    },
    unsupported: {
      overhead: ignored(),
      scheduling: ignoredSo("all pods run on this machine"),
    },
  }),
  columns: [
    { header: "NAME", cell: ({ metadata }) => metadata.name },
    { header: "HANDLER", cell: ({ handler }) => handler },
    { header: "AGE", cell: ({ metadata }, { nowMs }) => ageOf(metadata, nowMs) },
  ],
  describe: ({ metadata, handler }) => [
    line(0, "Name:", metadata.name),
    ...describeLabels(0, "Labels:", metadata.labels),
    ...describeAnnotations(0, metadata.annotations),
    line(0, "Handler:", handler),
  ],
};
