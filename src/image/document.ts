import type { Digest } from "./digest.ts";

/**
 * The JSON documents of the OCI image specification (v1.1), as far as KWasm reads them. Docker's older media types
 * name the same shapes.
 */

export const mediaTypes = {
  index: "application/vnd.oci.image.index.v1+json",
  manifest: "application/vnd.oci.image.manifest.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
  layerTar: "application/vnd.oci.image.layer.v1.tar",
  /** CNCF's TAG Runtime, "Wasm OCI Artifact Layout". */
  wasmConfig: "application/vnd.wasm.config.v0+json",
  wasmLayer: "application/wasm",
  /** A locked application, its modules, single files of it and many in one archive; Spin, crates/oci/src/client.rs. */
  spinApplication: "application/vnd.fermyon.spin.application.v1+config",
  spinModule: "application/vnd.wasm.content.layer.v1+wasm",
  spinData: "application/vnd.wasm.content.layer.v1+data",
  spinArchive: "application/vnd.wasm.content.bundle.v1.tar+gzip",
} as const;

/** Keys of annotations, from the specification's annotations.md. */
export const annotationKeys = {
  refName: "org.opencontainers.image.ref.name",
  created: "org.opencontainers.image.created",
  /** The whole name of an image in an archive, as containerd and docker write it. */
  containerdName: "io.containerd.image.name",
  title: "org.opencontainers.image.title",
  version: "org.opencontainers.image.version",
  description: "org.opencontainers.image.description",
} as const;

export type Annotations = Readonly<Record<string, string>>;

export interface Platform {
  readonly os: string;
  readonly architecture: string;
}

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly annotations?: Annotations;
  readonly platform?: Platform;
}

export interface Index {
  readonly manifests: readonly Descriptor[];
}

export interface Manifest {
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

/** What an image says about running it; names follow the specification's config.md. */
export interface ImageConfig {
  readonly os: string;
  readonly architecture: string;
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly env: readonly (readonly [name: string, value: string])[];
  /** "/" where the image names none. */
  readonly workingDirectory: string;
  /** As written: `65532:65532`, `nobody`, or "" for root. */
  readonly user: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Digests of the layers before compression; empty for artifacts. */
  readonly diffIds: readonly Digest[];
}
