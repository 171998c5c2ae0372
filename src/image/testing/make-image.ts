import { gzipSync, zstdCompressSync } from "node:zlib";
import { type Header, pack } from "tar-stream";
import { digestOf } from "../digest.ts";
import { type Annotations, type Descriptor, mediaTypes, type Platform } from "../document.ts";
import type { ImageStore, StoredImage } from "../store/store.ts";
import { parseLocalName } from "../reference.ts";

/** The smallest core module: a preamble and nothing. */
export const emptyModule = Buffer.from("0061736d01000000", "hex");

/** An entry of a tar archive as a test writes it: hostile ones included. */
export type TestEntry = Partial<Omit<Header, "pax">> & {
  readonly name: string;
  readonly content?: string | Buffer;
  readonly pax?: Readonly<Record<string, string>>;
};

/** Packs entries exactly as they are given. */
async function packEntries(entries: readonly TestEntry[]): Promise<Buffer> {
  const archive = pack();
  for (const { content, ...header } of entries) {
    if (content === undefined) archive.entry(header);
    else archive.entry(header, Buffer.from(content));
  }
  archive.finalize();
  const chunks: Uint8Array[] = [];
  for await (const chunk of archive as AsyncIterable<Uint8Array>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

export interface TestLayer {
  readonly mediaType: string;
  readonly bytes: Buffer;
  readonly annotations?: Annotations;
}

/** A layer of entries, compressed as `compression` says. */
export async function makeLayer(
  entries: readonly TestEntry[],
  compression: "" | "+gzip" | "+zstd" = "",
): Promise<TestLayer> {
  const archive = await packEntries(entries);
  const bytes = { "": (plain: Buffer) => plain, "+gzip": gzipSync, "+zstd": zstdCompressSync }[compression](archive);
  return { mediaType: `${mediaTypes.layerTar}${compression}`, bytes };
}

export interface TestImage {
  readonly name?: string;
  readonly layers?: readonly TestLayer[];
  /** Fields of the config's inner `config`: Entrypoint, Cmd, Env, … */
  readonly run?: object;
  readonly diffIds?: readonly string[];
  /** In place of an image's config. */
  readonly config?: { readonly mediaType: string; readonly text: string };
  /** More than one makes an index of images that differ in `platform` alone. */
  readonly platforms?: readonly Platform[];
}

/** Writes an image into a store, through its own interface. */
export async function putTestImage(store: ImageStore, image: TestImage = {}): Promise<StoredImage> {
  using ingest = store.ingest();
  const layers: Descriptor[] = [];
  for (const { bytes, ...rest } of image.layers ?? []) layers.push({ ...rest, ...(await ingest.write([bytes])) });
  const manifests: Descriptor[] = [];
  for (const platform of image.platforms ?? [{ os: "linux", architecture: "amd64" }]) {
    const content = { ...platform, config: image.run ?? {}, rootfs: { type: "layers", diff_ids: image.diffIds ?? [] } };
    const { mediaType, text } = image.config ?? { mediaType: mediaTypes.config, text: JSON.stringify(content) };
    const config = { mediaType, ...(await ingest.write([Buffer.from(text)])) };
    const manifest = { schemaVersion: 2, mediaType: mediaTypes.manifest, config, layers };
    manifests.push({ mediaType: mediaTypes.manifest, ...(await ingest.write([toJson(manifest)])), platform });
  }
  const [first, second] = manifests;
  const name = parseLocalName(image.name ?? "test");
  if (first !== undefined && second === undefined) return store.put(name, first, ingest);
  const index = toJson({ schemaVersion: 2, mediaType: mediaTypes.index, manifests });
  await ingest.write([index]);
  return store.put(name, { mediaType: mediaTypes.index, digest: digestOf(index), size: index.length }, ingest);
}

function toJson(document: object): Buffer {
  return Buffer.from(JSON.stringify(document));
}
