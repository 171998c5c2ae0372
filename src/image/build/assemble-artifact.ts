import { posix } from "node:path";
import { annotationKeys, type Descriptor, mediaTypes } from "../document.ts";
import type { BlobIngest } from "../store/ingest.ts";
import type { WasmKind } from "../wasm-file.ts";
import type { ImageFile } from "./archive.ts";
import { NO_TIME, writeDocument } from "./assemble.ts";

/** What a component imports and exports, by the names of its interfaces. */
export interface ComponentNames {
  readonly imports: readonly string[];
  readonly exports: readonly string[];
}

export interface ArtifactModule {
  readonly file: ImageFile;
  readonly kind: WasmKind;
  /** Of a component. */
  readonly names: ComponentNames | undefined;
}

/** The systems that the guidance has for modules and for components. */
const systems: Readonly<Record<WasmKind, string>> = { module: "wasip1", component: "wasip2" };

/**
 * Writes an artifact as CNCF's TAG Runtime describes it ("Wasm OCI Artifact Layout") and as wkg reads it: the module is
 * the only layer, as it is. It has a title, by which ORAS names the file that it pulls. Returns its manifest.
 */
export async function assembleArtifact({ file, kind, names }: ArtifactModule, ingest: BlobIngest): Promise<Descriptor> {
  const title = posix.basename(file.imagePath);
  const layer = {
    mediaType: mediaTypes.wasmLayer,
    ...(await ingest.write([file.content])),
    annotations: { [annotationKeys.title]: title },
  };
  const config = await writeDocument(ingest, mediaTypes.wasmConfig, {
    created: NO_TIME,
    architecture: "wasm",
    os: systems[kind],
    layerDigests: [layer.digest],
    ...(names === undefined ? {} : { component: { exports: names.exports, imports: names.imports } }),
  });
  return writeDocument(ingest, mediaTypes.manifest, { config, layers: [layer] });
}
