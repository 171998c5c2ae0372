import { createReadStream, readFileSync } from "node:fs";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { KwasmError } from "#base";
import type { Digest } from "../digest.ts";
import { annotationKeys, type Descriptor, mediaTypes } from "../document.ts";
import { imageLimits } from "../limits.ts";
import { parseLocalName } from "../reference.ts";
import type { BlobIngest } from "../store/ingest.ts";
import type { ImageStore, StoredImage } from "../store/store.ts";
import { checkWasmFile } from "../wasm-file.ts";
import { packLayer } from "./archive.ts";
import { writeDocument } from "./assemble.ts";

/** A file of this machine with the digest that the application has for it. */
interface NamedFile {
  readonly hostPath: string;
  readonly digest: string;
}

export interface SpinArtifactComponent {
  /** Its own, and those of its dependencies. */
  readonly modules: readonly NamedFile[];
  /** `path` is where the component sees a file; those whose content stands in the application need no layer. */
  readonly files: readonly (NamedFile & { readonly path: string; readonly isInline: boolean })[];
}

export interface SpinArtifactOptions {
  /** NAME or NAME:TAG, as given to `-t`. */
  readonly name: string;
  readonly store: ImageStore;
  /** The locked application: JSON text. */
  readonly application: string;
  readonly components: readonly SpinArtifactComponent[];
  /** Of the application, for annotations; left out where they are empty. */
  readonly title: string;
  readonly version: string;
  readonly description: string;
}

/** Registries take so many layers at most, and one is the application itself. */
const FILE_LAYERS_MAX = imageLimits.layersMax - 1;

/**
 * Makes the artifact that `spin registry push` pushes (crates/oci/src/client.rs of Spin) and puts it into the store: modules and
 * files in layers of their own, or each component's files in one archive where those were too many.
 */
export async function buildSpinArtifact(options: SpinArtifactOptions): Promise<StoredImage> {
  const { store, components } = options;
  const name = parseLocalName(options.name);
  for (const { hostPath } of components.flatMap(({ modules }) => modules)) {
    await checkWasmFile(hostPath, `building image "${options.name}"`);
  }
  using ingest = store.ingest();
  const single = singleFilesOf(components);
  const layers = await writeModules(components, ingest);
  if (layers.length + single.size <= FILE_LAYERS_MAX) {
    for (const [digest, path] of single) {
      layers.push({ mediaType: mediaTypes.spinData, ...(await writeFile(path, digest, ingest)) });
    }
  } else {
    for (const component of components) layers.push(...(await writeArchive(component, ingest)));
  }
  const manifest = await writeManifest(options, layers, ingest);
  return store.put(name, manifest, ingest);
}

/** By digest: what several components have is one layer. */
function singleFilesOf(components: readonly SpinArtifactComponent[]): ReadonlyMap<string, string> {
  const files = components.flatMap((component) => component.files).filter(({ isInline }) => !isInline);
  return new Map(files.map(({ digest, hostPath }) => [digest, hostPath]));
}

async function writeModules(components: readonly SpinArtifactComponent[], ingest: BlobIngest): Promise<Descriptor[]> {
  const modules = new Map(components.flatMap((each) => each.modules).map(({ digest, hostPath }) => [digest, hostPath]));
  const layers: Descriptor[] = [];
  for (const [digest, path] of modules) {
    layers.push({ mediaType: mediaTypes.spinModule, ...(await writeFile(path, digest, ingest)) });
  }
  return layers;
}

async function writeFile(
  path: string,
  expected: string,
  ingest: BlobIngest,
): Promise<{ readonly digest: Digest; readonly size: number }> {
  const written = await ingest.write(createReadStream(path) as AsyncIterable<Uint8Array>);
  if (written.digest === expected) return written;
  throw new KwasmError("failed-precondition", `building an image: "${path}" changed meanwhile; build again`);
}

/**
 * Spin reads gzip only. Nothing is compressed in it, as in the layers of other images: how a compressor packs depends on its
 * version.
 */
async function writeArchive({ files }: SpinArtifactComponent, ingest: BlobIngest): Promise<readonly Descriptor[]> {
  if (files.length === 0) return [];
  const packed = packLayer(
    files.map(({ path, hostPath }) => ({ imagePath: `/${path}`, content: readFileSync(hostPath), mode: 0o644 })),
  );
  const written = await pipeline(packed, createGzip({ level: 0 }), (zipped) =>
    ingest.write(zipped as AsyncIterable<Uint8Array>),
  );
  return [{ mediaType: mediaTypes.spinArchive, ...written }];
}

async function writeManifest(
  { application, title, version, description }: SpinArtifactOptions,
  layers: readonly Descriptor[],
  ingest: BlobIngest,
): Promise<Descriptor> {
  const locked = { mediaType: mediaTypes.spinApplication, ...(await ingest.write([Buffer.from(application)])) };
  const config = await writeDocument(ingest, mediaTypes.config, {
    architecture: "wasm",
    os: "Wasip1",
    // Without it the configs of all applications were the same, and so their ids in other stores.
    config: { Labels: { "com.fermyon.spin.lockedAppDigest": locked.digest } },
    rootfs: { type: "layers", diff_ids: [] },
  });
  return writeDocument(ingest, mediaTypes.manifest, {
    config,
    layers: [...layers, locked],
    annotations: {
      ...(title === "" ? {} : { [annotationKeys.title]: title }),
      ...(version === "" ? {} : { [annotationKeys.version]: version }),
      ...(description === "" ? {} : { [annotationKeys.description]: description }),
    },
  });
}
