import {
  checkBase64,
  checkConfigKey,
  checkDnsSubdomain,
  flag,
  mapOf,
  objectOf,
  oneOf,
  optional,
  required,
  text,
  withDefault,
} from "../schema/index.ts";
import { describeAnnotations, describeIdentity, describeLabels } from "./describe-metadata.ts";
import { ageOf } from "./human-duration.ts";
import { type DescribeLine, type KindDefinition, line } from "./kind.ts";
import { namespacedMeta } from "./metadata.ts";
import type { NamespacedMeta, StringMap } from "./object.ts";

export interface ConfigMap {
  readonly apiVersion: "v1";
  readonly kind: "ConfigMap";
  readonly metadata: NamespacedMeta;
  readonly data: StringMap;
  /** Values in base64, checked. */
  readonly binaryData: StringMap;
  readonly immutable?: boolean;
}

export const configMapKind: KindDefinition<ConfigMap> = {
  kind: "ConfigMap",
  apiVersion: "v1",
  plural: "configmaps",
  shortNames: ["cm"],
  isNamespaced: true,
  read: objectOf<ConfigMap>({
    fields: {
      apiVersion: required(oneOf("v1")),
      kind: required(oneOf("ConfigMap")),
      metadata: required(namespacedMeta(checkDnsSubdomain)),
      data: withDefault(mapOf(text(), checkConfigKey), {}),
      binaryData: withDefault(mapOf(text(checkBase64), checkConfigKey), {}),
      immutable: optional(flag()),
    },
    rule: ({ data, binaryData }, cursor) => {
      for (const key of Object.keys(binaryData)) {
        if (Object.hasOwn(data, key)) cursor.find("binaryData", key).refuse(`Duplicate value: ${JSON.stringify(key)}`);
      }
    },
  }),
  columns: [
    { header: "NAME", cell: ({ metadata }) => metadata.name },
    { header: "DATA", cell: ({ data, binaryData }) => String(Object.keys({ ...data, ...binaryData }).length) },
    { header: "AGE", cell: ({ metadata }, { nowMs }) => ageOf(metadata, nowMs) },
  ],
  describe: ({ metadata, data, binaryData }) => [
    ...describeIdentity(metadata),
    ...describeLabels(0, "Labels:", metadata.labels),
    ...describeAnnotations(0, metadata.annotations),
    ...describeTexts(data),
    ...describeSizes(binaryData),
    line(0, ""),
  ],
};

function describeTexts(data: StringMap): readonly DescribeLine[] {
  const entries = Object.keys(data)
    .toSorted()
    .flatMap((key) => describeText(key, data[key] ?? ""));
  return [line(0, ""), line(0, "Data"), line(0, "===="), ...entries];
}

function describeText(key: string, value: string): readonly DescribeLine[] {
  return [`${key}:`, "----", ...value.split("\n"), ""].map((row) => line(0, row));
}

function describeSizes(data: StringMap): readonly DescribeLine[] {
  const entries = Object.keys(data)
    .toSorted()
    .map((key) => line(0, `${key}: ${bytesOfBase64(data[key] ?? "")} bytes`));
  return [line(0, ""), line(0, "BinaryData"), line(0, "===="), ...entries];
}

/** How many bytes a base64 text stands for. */
export function bytesOfBase64(base64: string): number {
  return Buffer.byteLength(base64.replaceAll(/\s/g, ""), "base64");
}
