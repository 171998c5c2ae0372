import type { Digest } from "../digest.ts";
import { type Descriptor, mediaTypes, type Platform } from "../document.ts";
import type { BlobIngest } from "../store/ingest.ts";
import { type ImageFile, packLayer } from "./archive.ts";

/**
 * The platforms under which an image is listed, all with the same layer. Wasm depends on none of them, but pullers do:
 * containerd takes only linux/<its processor> out of an index, and does not unpack an image whose config names another
 * platform (core/unpack since 2.2: it fetches the layers, and the container then misses its snapshot). Docker with
 * `--platform wasi/wasm` takes the last. A single manifest for `wasip1/wasm` would be refused by plain Kubernetes.
 */
const platforms: readonly Platform[] = [
  { os: "linux", architecture: "amd64" },
  { os: "linux", architecture: "arm64" },
  { os: "wasi", architecture: "wasm" },
];

/** A user by number, without which kubelet refuses `runAsNonRoot`; the number that distroless images call nonroot. */
const NONROOT_USER = "65532:65532";

/** An image that records when it was built has a new digest every time; this is the agreed value for "not recorded". */
export const NO_TIME = "1970-01-01T00:00:00Z";

/** With it crun and podman run the image by their Wasm handler, and leave native containers alone. */
const crunAnnotations = { "module.wasm.image/variant": "compat-smart" } as const;

/** Writes all blobs of an image that runs `entrypoint`, and returns its index. */
export async function assembleImage(
  files: readonly ImageFile[],
  entrypoint: string,
  ingest: BlobIngest,
): Promise<Descriptor> {
  const layer = { mediaType: mediaTypes.layerTar, ...(await ingest.write(packLayer(files))) };
  const manifests: Descriptor[] = [];
  for (const platform of platforms) {
    const config = await writeDocument(ingest, mediaTypes.config, makeConfig(platform, entrypoint, layer.digest));
    const manifest = { config, layers: [layer], annotations: crunAnnotations };
    manifests.push({ ...(await writeDocument(ingest, mediaTypes.manifest, manifest)), platform });
  }
  return writeDocument(ingest, mediaTypes.index, { manifests });
}

function makeConfig(platform: Platform, entrypoint: string, diffId: Digest): object {
  return {
    created: NO_TIME,
    ...platform,
    config: { User: NONROOT_USER, Entrypoint: [entrypoint], WorkingDir: "/" },
    rootfs: { type: "layers", diff_ids: [diffId] },
    history: [{ created: NO_TIME, created_by: "kwasm build" }],
  };
}

/** Config documents have no version and type of their own; the others must say theirs. */
export async function writeDocument(ingest: BlobIngest, mediaType: string, document: object): Promise<Descriptor> {
  const isConfig = mediaType === mediaTypes.config || mediaType === mediaTypes.wasmConfig;
  const envelope = isConfig ? {} : { schemaVersion: 2, mediaType };
  const text = JSON.stringify({ ...envelope, ...document });
  return { mediaType, ...(await ingest.write([Buffer.from(text)])) };
}
