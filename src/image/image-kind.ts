import { type Manifest, mediaTypes } from "./document.ts";

/** The forms in which images carry Wasm. */
export type ImageKind =
  /** Files in archives, among them a module or component: what `FROM scratch` and `COPY` make. */
  | "files"
  /** An image's config over layers that are Wasm as it is: runwasi's. */
  | "wasm-image"
  /** The artifact of CNCF's TAG Runtime, which wkg and ORAS write. */
  | "wasm-artifact"
  /** What wasm-to-oci, docker's and solo.io's tools wrote before there was an agreed one. */
  | "old-artifact"
  /** What `spin registry push` writes: a locked application, and its modules and files by digest. */
  | "spin";

/** How a layer's content is to be taken. What an archive is compressed by says its content. */
export type LayerForm = "archive" | "wasm" | "spin-application" | "spin-data" | "spin-archive";

const layerForms: Readonly<Record<string, LayerForm>> = {
  // OCI's and Docker's archives.
  "application/vnd.oci.image.layer.v1.tar": "archive",
  "application/vnd.oci.image.layer.v1.tar+gzip": "archive",
  "application/vnd.oci.image.layer.v1.tar+zstd": "archive",
  "application/vnd.docker.image.rootfs.diff.tar": "archive",
  "application/vnd.docker.image.rootfs.diff.tar.gzip": "archive",
  "application/vnd.docker.image.rootfs.diff.tar.zstd": "archive",
  // CNCF artifacts, wasm-to-oci and Spin, runwasi, early Docker, solo.io.
  "application/wasm": "wasm",
  [mediaTypes.spinModule]: "wasm",
  "application/vnd.bytecodealliance.wasm.component.layer.v0+wasm": "wasm",
  "application/vnd.w3c.wasm.module.v1+wasm": "wasm",
  "application/vnd.w3c.wasm.component.v1+wasm": "wasm",
  "application/vnd.module.wasm.content.layer.v1+wasm": "wasm",
  // Spin, crates/oci/src/client.rs.
  [mediaTypes.spinApplication]: "spin-application",
  [mediaTypes.spinData]: "spin-data",
  [mediaTypes.spinArchive]: "spin-archive",
};

/** Configs that say how files are run; those of artifacts have nothing of that. */
const imageConfigTypes: ReadonlySet<string> = new Set([
  mediaTypes.config,
  "application/vnd.docker.container.image.v1+json",
]);

/** Configs of the agreed artifact, and of one that was pushed without a config. */
const artifactConfigTypes: ReadonlySet<string> = new Set([mediaTypes.wasmConfig, "application/vnd.oci.empty.v1+json"]);

export function layerFormOf(mediaType: string): LayerForm | undefined {
  return Object.hasOwn(layerForms, mediaType) ? layerForms[mediaType] : undefined;
}

export function isImageConfig(mediaType: string): boolean {
  return imageConfigTypes.has(mediaType);
}

/**
 * Tells by its media types alone what an image is. Spin's older versions have the application as the config, those
 * from 2.0 on as a layer beside an image's config, which containerd asks for.
 */
export function imageKindOf({ config, layers }: Manifest): ImageKind {
  if (config.mediaType === mediaTypes.spinApplication) return "spin";
  const forms = new Set(layers.map(({ mediaType }) => layerFormOf(mediaType)));
  if (forms.has("spin-application")) return "spin";
  if (!forms.has("wasm")) return "files";
  if (isImageConfig(config.mediaType)) return "wasm-image";
  return artifactConfigTypes.has(config.mediaType) ? "wasm-artifact" : "old-artifact";
}
