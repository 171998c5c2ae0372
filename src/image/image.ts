import { KwasmError } from "#base";
import type { Digest } from "./digest.ts";
import { annotationKeys, type Descriptor, type ImageConfig, type Manifest, mediaTypes } from "./document.ts";
import { type ImageKind, imageKindOf, isImageConfig } from "./image-kind.ts";
import { ImageLayout } from "./layout/layout.ts";
import { parseConfig, parseManifest } from "./layout/parse.ts";
import { selectManifest } from "./layout/select.ts";
import { type ImageLimits, imageLimits } from "./limits.ts";
import type { ImageStore } from "./store/store.ts";

/** Where an image is read from. */
export type ImageSource =
  /** An image of the local store by any name that `meaningsOf` understands, or by its id. */
  | { readonly kind: "store"; readonly store: ImageStore; readonly name: string }
  /** An OCI image layout; `name` chooses among several images in it by their `ref.name`. */
  | { readonly kind: "layout"; readonly directory: string; readonly name?: string };

/** An image that was found and whose documents were verified; its layers are verified as they are unpacked. */
export interface Image {
  /** What the user called it, for messages. */
  readonly name: string;
  /** Digest of the manifest that this machine runs; the key under which unpacked files are kept. */
  readonly digest: Digest;
  readonly kind: ImageKind;
  /** Empty but for its platform where an artifact has a config of another kind. */
  readonly config: ImageConfig;
  readonly manifest: Manifest;
  readonly layout: ImageLayout;
}

/** Finds an image, chooses its manifest for this machine, and reads its config. */
export async function openImage(source: ImageSource, limits: ImageLimits = imageLimits): Promise<Image> {
  const { name, layout, root } = source.kind === "store" ? openStored(source) : openLayout(source, limits);
  return openLayoutImage(name, layout, root);
}

/** As openImage, of a layout whose descriptor of the image is known. */
export async function openLayoutImage(name: string, layout: ImageLayout, root: Descriptor): Promise<Image> {
  const { limits } = layout;
  const descriptor = await selectManifest(layout, root);
  const manifestBytes = await layout.readDocument(descriptor, limits.manifestBytesMax);
  const manifest = parseManifest(manifestBytes, `manifest "${descriptor.digest}"`, limits);
  const config = await readConfig(layout, manifest.config);
  return { name, digest: descriptor.digest, kind: imageKindOf(manifest), config, manifest, layout };
}

/** An artifact's config may be anything; what is known of it is its platform where it is CNCF's. */
async function readConfig(layout: ImageLayout, descriptor: Descriptor): Promise<ImageConfig> {
  const { mediaType, digest } = descriptor;
  const where = `image config "${digest}"`;
  const bytes = await layout.readDocument(descriptor, layout.limits.configBytesMax);
  if (isImageConfig(mediaType)) return parseConfig(bytes, where);
  const artifact = parseConfig(Buffer.from("{}"), where);
  if (mediaType !== mediaTypes.wasmConfig) return artifact;
  const { os, architecture } = parseConfig(bytes, where);
  return { ...artifact, os, architecture };
}

interface OpenedSource {
  readonly name: string;
  readonly layout: ImageLayout;
  readonly root: Descriptor;
}

function openStored({ store, name }: { readonly store: ImageStore; readonly name: string }): OpenedSource {
  return { name, layout: store.layout, root: store.get(name).descriptor };
}

function openLayout(source: { readonly directory: string; readonly name?: string }, limits: ImageLimits): OpenedSource {
  const layout = new ImageLayout(source.directory, limits);
  layout.checkVersion();
  return { name: source.name ?? source.directory, layout, root: chooseRoot(layout, source.name) };
}

/** One image needs no name; several are told apart by theirs, which tools write as a tag or as a whole name. */
function chooseRoot(layout: ImageLayout, name: string | undefined): Descriptor {
  const { manifests } = layout.readIndex();
  const chosen = name === undefined ? manifests : manifests.filter((manifest) => refNameOf(manifest) === name);
  const [first] = chosen;
  if (first !== undefined && chosen.length === 1) return first;
  const names = manifests.map((manifest) => `"${refNameOf(manifest) ?? manifest.digest}"`).join(", ") || "none";
  const code = first === undefined ? "not-found" : "invalid-argument";
  const wanted = name === undefined ? "one image" : `one image named "${name}"`;
  throw new KwasmError(code, `opening image layout "${layout.directory}": ${wanted} was expected; it holds ${names}`);
}

function refNameOf(descriptor: Descriptor): string | undefined {
  return descriptor.annotations?.[annotationKeys.refName];
}
