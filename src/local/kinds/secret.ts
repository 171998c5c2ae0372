import {
  checkBase64,
  checkConfigKey,
  checkDnsSubdomain,
  flag,
  type FormatCheck,
  mapOf,
  mapped,
  objectOf,
  oneOf,
  optional,
  required,
  type Schema,
  text,
  withDefault,
} from "../schema/index.ts";
import { bytesOfBase64 } from "./config-map.ts";
import { describeAnnotations, describeIdentity, describeLabels } from "./describe-metadata.ts";
import { ageOf } from "./human-duration.ts";
import { type KindDefinition, line } from "./kind.ts";
import { namespacedMeta } from "./metadata.ts";
import type { NamespacedMeta, StringMap } from "./object.ts";

export interface Secret {
  readonly apiVersion: "v1";
  readonly kind: "Secret";
  readonly metadata: NamespacedMeta;
  /** `Opaque` unless said. */
  readonly type: string;
  /** Values in base64, checked; `stringData` of the manifest is merged in. Never printed by `get` or `describe`. */
  readonly data: StringMap;
  readonly immutable?: boolean;
}

/** A Secret as it is written: `stringData` is for writing only, and wins over `data`. */
interface WrittenSecret extends Secret {
  readonly stringData: StringMap;
}

const read: Schema<Secret> = mapped(
  objectOf<WrittenSecret>({
    fields: {
      apiVersion: required(oneOf("v1")),
      kind: required(oneOf("Secret")),
      metadata: required(namespacedMeta(checkDnsSubdomain)),
      type: withDefault(text(), "Opaque"),
      data: withDefault(mapOf(secretText(checkBase64), checkConfigKey), {}),
      stringData: withDefault(mapOf(text(), checkConfigKey), {}),
      immutable: optional(flag()),
    },
  }),
  ({ stringData, ...secret }) => ({ ...secret, data: { ...packAll(secret.data), ...encodeAll(stringData) } }),
);

export const secretKind: KindDefinition<Secret> = {
  kind: "Secret",
  apiVersion: "v1",
  plural: "secrets",
  shortNames: [],
  isNamespaced: true,
  read,
  columns: [
    { header: "NAME", cell: ({ metadata }) => metadata.name },
    { header: "TYPE", cell: ({ type }) => type },
    { header: "DATA", cell: ({ data }) => String(Object.keys(data).length) },
    { header: "AGE", cell: ({ metadata }, { nowMs }) => ageOf(metadata, nowMs) },
  ],
  describe: ({ metadata, type, data }) => [
    ...describeIdentity(metadata),
    ...describeLabels(0, "Labels:", metadata.labels),
    ...describeAnnotations(0, metadata.annotations),
    line(0, ""),
    line(0, "Type:", type),
    line(0, ""),
    line(0, "Data"),
    line(0, "===="),
    ...Object.keys(data)
      .toSorted()
      .map((key) => line(0, `${key}:`, `${bytesOfBase64(data[key] ?? "")} bytes`)),
  ],
};

/** As `text`, but a bad value is not repeated in the message: it may be the secret itself, not yet encoded. */
function secretText(check: FormatCheck): Schema<string> {
  const readAny = text();
  return (cursor) => {
    const value = readAny(cursor);
    const wrong = value === undefined ? undefined : check(value);
    if (wrong === undefined) return value;
    cursor.refuse(`Invalid value: <not shown>: ${wrong}`);
    return undefined;
  };
}

function encodeAll(texts: StringMap): StringMap {
  return Object.fromEntries(Object.entries(texts).map(([key, value]) => [key, Buffer.from(value).toString("base64")]));
}

/** Base64 that was broken over lines, in one. */
function packAll(values: StringMap): StringMap {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, value.replaceAll(/[\r\n]/g, "")]));
}
