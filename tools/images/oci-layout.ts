import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { arch } from "node:process";
import { join } from "node:path";

import { pack } from "tar-stream";

import { KwasmError } from "#base";
import { type Layer, sha256 } from "./layer.ts";

/** What an image is, without its layers. */
export interface ImageDescription {
  readonly name: string;
  readonly title: string;
  readonly user: string;
  readonly entrypoint: readonly string[];
  readonly layers: readonly Layer[];
}

export interface BuiltImage {
  readonly name: string;
  /** Of its manifest. */
  readonly digest: string;
  readonly bytes: number;
  readonly manifest: Buffer;
  readonly blobs: ReadonlyMap<string, Buffer>;
}

export const manifestType = "application/vnd.oci.image.manifest.v1+json";
const configType = "application/vnd.oci.image.config.v1+json";
const layerType = "application/vnd.oci.image.layer.v1.tar+gzip";

/** The agreed value for "not recorded": an image that says when it was built is another every time. */
const NO_TIME = "1970-01-01T00:00:00Z";

const architectures: Readonly<Record<string, string>> = { x64: "amd64", arm64: "arm64" };

function architectureOfThisMachine(): string {
  const architecture = architectures[arch];
  if (architecture !== undefined) return architecture;
  throw new KwasmError("unsupported", `build an image for "${arch}": build it on amd64 or arm64`);
}

/** The blobs of an image: https://github.com/opencontainers/image-spec. */
export function assembleImage(image: ImageDescription, version: string): BuiltImage {
  const blobs = new Map(image.layers.map(({ digest, blob }) => [digest, blob]));
  const config = Buffer.from(JSON.stringify(configOf(image, version)));
  blobs.set(sha256(config), config);
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: manifestType,
      config: { mediaType: configType, digest: sha256(config), size: config.byteLength },
      layers: image.layers.map(({ digest, blob }) => ({ mediaType: layerType, digest, size: blob.byteLength })),
      annotations: labelsOf(image, version),
    }),
  );
  const bytes = [...blobs.values(), manifest].reduce((sum, { byteLength }) => sum + byteLength, 0);
  return { name: image.name, digest: sha256(manifest), bytes, manifest, blobs };
}

/** Writes the layout as a folder and as an archive beside it, which `ctr images import` and `skopeo` take. */
export async function writeLayoutOf(image: BuiltImage, reference: string, directory: string): Promise<void> {
  const files = layoutFiles(image, reference);
  const folder = join(directory, image.name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, "blobs/sha256"), { recursive: true });
  for (const [name, content] of files) writeFileSync(join(folder, name), content);
  const archive = pack();
  for (const [name, content] of files) archive.entry({ name, mtime: new Date(0), mode: 0o644 }, Buffer.from(content));
  archive.finalize();
  const chunks: Uint8Array[] = [];
  for await (const chunk of archive as AsyncIterable<Uint8Array>) chunks.push(chunk);
  writeFileSync(join(directory, `${image.name}.tar`), Buffer.concat(chunks));
}

function layoutFiles(image: BuiltImage, reference: string): readonly (readonly [string, Buffer | string])[] {
  const tag = reference.slice(reference.lastIndexOf(":") + 1);
  const platform = { os: "linux", architecture: architectureOfThisMachine() };
  const annotations = { "io.containerd.image.name": reference, "org.opencontainers.image.ref.name": tag };
  const { digest, manifest, blobs } = image;
  const described = { mediaType: manifestType, digest, size: manifest.byteLength, platform, annotations };
  return [
    ["oci-layout", JSON.stringify({ imageLayoutVersion: "1.0.0" })],
    ["index.json", JSON.stringify({ schemaVersion: 2, manifests: [described] })],
    ...[...blobs, [digest, manifest] as const].map(([name, content]) => [blobName(name), content] as const),
  ];
}

function blobName(digest: string): string {
  return `blobs/${digest.replace(":", "/")}`;
}

function configOf(image: ImageDescription, version: string): object {
  return {
    created: NO_TIME,
    os: "linux",
    architecture: architectureOfThisMachine(),
    config: {
      User: image.user,
      Entrypoint: image.entrypoint,
      Env: ["PATH=/usr/bin:/bin"],
      WorkingDir: "/",
      Labels: labelsOf(image, version),
    },
    rootfs: { type: "layers", diff_ids: image.layers.map(({ diffId }) => diffId) },
    history: image.layers.map(() => ({ created: NO_TIME, created_by: "tools/make-images" })),
  };
}

function labelsOf({ name, title }: ImageDescription, version: string): Readonly<Record<string, string>> {
  return {
    "org.opencontainers.image.title": name,
    "org.opencontainers.image.description": title,
    "org.opencontainers.image.version": version,
    "org.opencontainers.image.licenses": "Apache-2.0",
  };
}
