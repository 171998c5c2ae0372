import { hash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { buffer } from "node:stream/consumers";
import { join } from "node:path";
import { pack } from "tar-stream";

import { pauseImage } from "./configuration.ts";

/** A busybox at /bin/busybox, which is also its entrypoint. */
export const nativeImage = "kwasm.test/busybox:1";

const mediaTypes = {
  layer: "application/vnd.oci.image.layer.v1.tar",
  config: "application/vnd.oci.image.config.v1+json",
  manifest: "application/vnd.oci.image.manifest.v1+json",
} as const;

/** The annotation by which an index names its images; annotations.md of the OCI image specification. */
const refName = "org.opencontainers.image.ref.name";

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** What of an image's config its containers take; config.md of the OCI image specification. */
export interface NativeImageConfig {
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Env?: readonly string[];
  readonly User?: string;
}

/**
 * Writes an OCI image layout with two native images over one layer: `nativeImage`, and the pause image, which sleeps
 * until it is killed. Returns its directory.
 */
export async function writeNativeLayout(directory: string, busybox: string): Promise<string> {
  const Env = ["PATH=/bin"];
  return writeLayout(directory, await packBusybox(busybox), {
    [nativeImage]: { Entrypoint: ["/bin/busybox"], Env },
    [pauseImage]: { Entrypoint: ["/bin/busybox", "sleep", "infinity"], Env },
  });
}

/** Writes an OCI image layout with images by their names over one layer, a tar archive. Returns its directory. */
export function writeLayout(
  directory: string,
  archive: Buffer,
  images: Readonly<Record<string, NativeImageConfig>>,
): string {
  mkdirSync(join(directory, "blobs", "sha256"), { recursive: true });
  const layer = writeBlob(directory, mediaTypes.layer, archive);
  const manifests = Object.entries(images).map(([name, config]) => {
    const configDescriptor = writeDocument(directory, mediaTypes.config, {
      architecture: process.arch === "arm64" ? "arm64" : "amd64",
      os: "linux",
      config,
      rootfs: { type: "layers", diff_ids: [layer.digest] },
    });
    const manifest = { schemaVersion: 2, mediaType: mediaTypes.manifest, config: configDescriptor, layers: [layer] };
    const annotations = { [refName]: name };
    return { ...writeDocument(directory, mediaTypes.manifest, manifest), annotations };
  });
  writeFileSync(join(directory, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  writeFileSync(join(directory, "index.json"), JSON.stringify({ schemaVersion: 2, manifests }));
  return directory;
}

async function packBusybox(busybox: string): Promise<Buffer> {
  const archive = pack();
  archive.entry({ name: "bin/", type: "directory", mode: 0o755 });
  archive.entry({ name: "bin/busybox", mode: 0o755 }, readFileSync(busybox));
  archive.entry({ name: "tmp/", type: "directory", mode: 0o1777 });
  archive.finalize();
  return buffer(archive);
}

function writeDocument(directory: string, mediaType: string, document: object): Descriptor {
  return writeBlob(directory, mediaType, Buffer.from(JSON.stringify(document)));
}

function writeBlob(directory: string, mediaType: string, content: Buffer): Descriptor {
  const hex = hash("sha256", content);
  writeFileSync(join(directory, "blobs", "sha256", hex), content);
  return { mediaType, digest: `sha256:${hex}`, size: content.length };
}

/** The names of a layout's images. */
export function readImageNames(directory: string): readonly string[] {
  // Both the native layout's writer and the image store name every manifest.
  const index = JSON.parse(readFileSync(join(directory, "index.json"), "utf8")) as {
    readonly manifests: readonly { readonly annotations: Readonly<Record<string, string>> }[];
  };
  return index.manifests.flatMap(({ annotations }) => annotations[refName] ?? []);
}
