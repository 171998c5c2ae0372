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
