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
