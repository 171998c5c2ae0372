import { hash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** Kinds of images whose layers are Wasm and not archives: runwasi's, artifacts as CNCF's guidance has them, and Spin's. */
const kinds = {
  runwasi: {
    configType: "application/vnd.oci.image.config.v1+json",
    configOf: () => ({ architecture: "wasm", os: "wasip1", config: {}, rootfs: { type: "layers", diff_ids: [] } }),
    layerType: "application/vnd.bytecodealliance.wasm.component.layer.v0+wasm",
  },
  artifact: {
    configType: "application/vnd.wasm.config.v0+json",
    configOf: () => ({ architecture: "wasm", os: "wasip1", layerDigests: [] }),
    layerType: "application/wasm",
  },
  spin: {
    configType: "application/vnd.fermyon.spin.application.v1+config",
    configOf: (digest: string) => ({
      spin_lock_version: 1,
      metadata: { name: "pushed", trigger: {} },
      triggers: [{ id: "all", trigger_type: "http", trigger_config: { component: "only", route: "/..." } }],
      components: [{ id: "only", source: { content_type: "application/wasm", digest } }],
    }),
    layerType: "application/vnd.wasm.content.layer.v1+wasm",
  },
} as const;

export type WasmLayerKind = keyof typeof kinds;

/** Writes an OCI image layout with one image, whose only layer is a module that has a title. */
export function writeWasmLayerLayout(directory: string, kind: WasmLayerKind, module: string): string {
  mkdirSync(join(directory, "blobs", "sha256"), { recursive: true });
  const { configType, configOf, layerType } = kinds[kind];
  const layer = {
    ...writeBlob(directory, layerType, readFileSync(module)),
    annotations: { "org.opencontainers.image.title": "hello.wasm" },
  };
  const manifestType = "application/vnd.oci.image.manifest.v1+json";
  const document = {
    schemaVersion: 2,
    mediaType: manifestType,
    config: write(directory, configType, configOf(layer.digest)),
    layers: [layer],
  };
  const name = `kwasm.test/${kind}:1`;
  const annotations = { "org.opencontainers.image.ref.name": name, "io.containerd.image.name": name };
  const manifests = [{ ...write(directory, manifestType, document), annotations }];
  writeFileSync(join(directory, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  writeFileSync(join(directory, "index.json"), JSON.stringify({ schemaVersion: 2, manifests }));
  return name;
}

function write(directory: string, mediaType: string, document: object): Descriptor {
  return writeBlob(directory, mediaType, Buffer.from(JSON.stringify(document)));
}

function writeBlob(directory: string, mediaType: string, content: Buffer): Descriptor {
  const hex = hash("sha256", content);
  writeFileSync(join(directory, "blobs", "sha256", hex), content);
  return { mediaType, digest: `sha256:${hex}`, size: content.length };
}
