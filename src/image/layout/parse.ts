import { KwasmError } from "#base";
import { type Digest, parseDigest } from "../digest.ts";
import type { Annotations, Descriptor, ImageConfig, Index, Manifest, Platform } from "../document.ts";
import type { ImageLimits } from "../limits.ts";

/** Reads an image index, or Docker's manifest list. `where` names the document in errors. */
export function parseIndex(bytes: Uint8Array, where: string, limits: ImageLimits): Index {
  const document = parseDocument(bytes, where);
  const manifests = listIn(document, "manifests", where);
  checkCount(manifests.length, limits.indexManifestsMax, `${where} lists manifests`);
  return { manifests: manifests.map((value, at) => parseDescriptor(value, `${where}, manifests[${at}]`, limits)) };
}

export function parseManifest(bytes: Uint8Array, where: string, limits: ImageLimits): Manifest {
  const document = parseDocument(bytes, where);
  const layers = listIn(document, "layers", where);
  checkCount(layers.length, limits.layersMax, `${where} lists layers`);
  return {
    config: parseDescriptor(document["config"], `${where}, config`, limits),
    layers: layers.map((value, at) => parseDescriptor(value, `${where}, layers[${at}]`, limits)),
  };
}

/** Reads an image's config. A field that is absent or null is empty, as Go's JSON writes it. */
export function parseConfig(bytes: Uint8Array, where: string): ImageConfig {
  const document = parseDocument(bytes, where);
  const run = optionalRecord(document["config"], `${where}, config`);
  const rootfs = optionalRecord(document["rootfs"], `${where}, rootfs`);
  return {
    os: optionalText(document["os"], `${where}, os`),
    architecture: optionalText(document["architecture"], `${where}, architecture`),
    entrypoint: optionalTexts(run["Entrypoint"], `${where}, Entrypoint`),
    cmd: optionalTexts(run["Cmd"], `${where}, Cmd`),
    env: optionalTexts(run["Env"], `${where}, Env`).map(splitVariable),
    workingDirectory: optionalText(run["WorkingDir"], `${where}, WorkingDir`) || "/",
    user: optionalText(run["User"], `${where}, User`),
    labels: optionalTextMap(run["Labels"], `${where}, Labels`) ?? {},
    diffIds: optionalTexts(rootfs["diff_ids"], `${where}, diff_ids`).map((text): Digest => parseDigest(text, where)),
  };
}

/** Reads the text of `oci-layout`, the file that marks a folder as an image layout. */
export function parseLayoutVersion(bytes: Uint8Array, where: string): string {
  return optionalText(parseDocument(bytes, where)["imageLayoutVersion"], `${where}, imageLayoutVersion`);
}

/** An image of docker's `manifest.json`; moby, image/tarexport. Names are of files in the archive. */
export interface DockerEntry {
  readonly Config: string;
  readonly RepoTags: readonly string[];
  readonly Layers: readonly string[];
}

export function parseDockerEntries(bytes: Uint8Array, limits: ImageLimits): readonly DockerEntry[] {
  const where = '"manifest.json"';
  const entries = parseJson(bytes, where);
  if (!Array.isArray(entries)) throw malformed(where, "it is no list");
  checkCount(entries.length, limits.indexManifestsMax, `${where} lists images`);
  return entries.map((value: unknown, at) => {
    const record = requireRecord(value, `${where}, [${at}]`);
    const layers = optionalTexts(record["Layers"], `${where}, Layers`);
    checkCount(layers.length, limits.layersMax, `${where} lists layers`);
    return {
      Config: optionalText(record["Config"], `${where}, Config`),
      RepoTags: optionalTexts(record["RepoTags"], `${where}, RepoTags`),
      Layers: layers,
    };
  });
}

/** The media type that a document itself names; "" where it names none. */
export function documentTypeOf(bytes: Uint8Array, where: string): string {
  return optionalText(parseDocument(bytes, where)["mediaType"], `${where}, mediaType`);
}

type JsonRecord = Readonly<Record<string, unknown>>;

function parseDescriptor(value: unknown, where: string, limits: ImageLimits): Descriptor {
  const record = requireRecord(value, where);
  const annotations = optionalTextMap(record["annotations"], `${where}, annotations`);
  const platform = parsePlatform(record["platform"], `${where}, platform`);
  return {
    mediaType: optionalText(record["mediaType"], `${where}, mediaType`),
    digest: parseDigest(optionalText(record["digest"], `${where}, digest`), where),
    size: parseSize(record["size"], where, limits),
    ...(annotations === undefined ? {} : { annotations }),
    ...(platform === undefined ? {} : { platform }),
  };
}

function parseSize(value: unknown, where: string, limits: ImageLimits): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) {
    throw malformed(where, "its size is no whole number");
  }
  if (value > limits.blobBytesMax) {
    throw new KwasmError("limit-exceeded", `reading ${where}: a blob of ${value} bytes passes ${limits.blobBytesMax}`);
  }
  return value;
}

function parsePlatform(value: unknown, where: string): Platform | undefined {
  if (value == null) return undefined;
  const record = requireRecord(value, where);
  return {
    os: optionalText(record["os"], `${where}, os`),
    architecture: optionalText(record["architecture"], `${where}, architecture`),
  };
}

function splitVariable(variable: string): readonly [string, string] {
  const equals = variable.indexOf("=");
  return equals === -1 ? [variable, ""] : [variable.slice(0, equals), variable.slice(equals + 1)];
}

function parseDocument(bytes: Uint8Array, where: string): JsonRecord {
  return requireRecord(parseJson(bytes, where), where);
}

function parseJson(bytes: Uint8Array, where: string): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw new KwasmError("corrupt", `reading ${where}: it is no JSON document`, { cause: error });
  }
}

function requireRecord(value: unknown, where: string): JsonRecord {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as JsonRecord;
  throw malformed(where, "it is no JSON object");
}

function optionalRecord(value: unknown, where: string): JsonRecord {
  return value == null ? {} : requireRecord(value, where);
}

function listIn(record: JsonRecord, key: string, where: string): readonly unknown[] {
  const value = record[key] ?? [];
  if (Array.isArray(value)) return value;
  throw malformed(where, `"${key}" is no list`);
}

function optionalText(value: unknown, where: string): string {
  if (value == null) return "";
  if (typeof value === "string") return value;
  throw malformed(where, "it is no text");
}

function optionalTexts(value: unknown, where: string): readonly string[] {
  if (value == null) return [];
  if (Array.isArray(value) && value.every((item) => typeof item === "string")) return value;
  throw malformed(where, "it is no list of texts");
}

function optionalTextMap(value: unknown, where: string): Annotations | undefined {
  if (value == null) return undefined;
  const entries = Object.entries(requireRecord(value, where));
  return Object.fromEntries(entries.map(([key, text]) => [key, optionalText(text, `${where}, "${key}"`)]));
}

function checkCount(count: number, countMax: number, what: string): void {
  if (count > countMax) {
    throw new KwasmError(
      "limit-exceeded",
      `reading an image: ${what}, ${count} of them, where ${countMax} are allowed`,
    );
  }
}

function malformed(where: string, reason: string): KwasmError {
  return new KwasmError("corrupt", `reading ${where}: ${reason}`);
}
