import { KwasmError } from "#base";
import type { ConfigMap, KeyToPath, Secret, Volume } from "../kinds/index.ts";
import type { PayloadFile } from "./payload-directory.ts";

/** Where a volume's content comes from. */
export interface VolumeSources {
  readonly configMap: (name: string) => ConfigMap | undefined;
  readonly secret: (name: string) => Secret | undefined;
}

/** The files of a configMap or secret volume; undefined for an emptyDir, whose content is the guest's own. */
export function payloadOf(volume: Volume, sources: VolumeSources): PayloadFile[] | undefined {
  const { configMap, secret } = volume;
  if (configMap !== undefined) {
    const object = sources.configMap(configMap.name);
    const content = object === undefined ? undefined : contentOfConfigMap(object);
    return select(content, { ...configMap, label: `configmap "${configMap.name}"` });
  }
  if (secret === undefined) return undefined;
  const object = sources.secret(secret.secretName);
  const content = object === undefined ? undefined : contentOfBase64(object.data);
  return select(content, { ...secret, label: `secret "${secret.secretName}"` });
}

interface Selection {
  readonly label: string;
  readonly items: readonly KeyToPath[];
  readonly defaultMode: number;
  readonly optional?: boolean;
}

/** All keys, or those that `items` names at their paths. Throws `not-found` for what is missing and not optional. */
function select(content: ReadonlyMap<string, Uint8Array> | undefined, selection: Selection): PayloadFile[] {
  const { items, label, defaultMode } = selection;
  const isOptional = selection.optional === true;
  if (content === undefined) {
    if (isOptional) return [];
    throw new KwasmError("not-found", `${label} not found`);
  }
  if (items.length === 0) return [...content].map(([path, bytes]) => ({ path, content: bytes, mode: defaultMode }));
  const files: PayloadFile[] = [];
  for (const { key, path, mode = defaultMode } of items) {
    const bytes = content.get(key);
    if (bytes !== undefined) files.push({ path, content: bytes, mode });
    else if (!isOptional) throw new KwasmError("not-found", `${label} references non-existent key: ${key}`);
  }
  return files;
}

function contentOfConfigMap(object: ConfigMap): Map<string, Uint8Array> {
  const texts = Object.entries(object.data).map(([key, text]) => [key, Buffer.from(text)] as const);
  return new Map<string, Uint8Array>([...texts, ...contentOfBase64(object.binaryData)]);
}

function contentOfBase64(data: Readonly<Record<string, string>>): Map<string, Uint8Array> {
  return new Map(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, "base64")]));
}
