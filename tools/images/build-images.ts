import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";

import packageManifest from "../../package.json" with { type: "json" };
import { findLoader, listSharedLibraries } from "../layout/shared-libraries.ts";
import { findProgram, writeLayout } from "../layout/write-layout.ts";
import { fileOf, type LayerFile, packLayer } from "./layer.ts";
import { assembleImage, type BuiltImage, type ImageDescription, writeLayoutOf } from "./oci-layout.ts";
import { operatorNodeOptions } from "./operator-options.ts";
import { assembleProbe } from "./probe-module.ts";
import { listMaterials } from "./sbom.ts";

/** Where the images are published; a mirror only changes what stands before the names. */
const REPOSITORY = "ghcr.io/kwasm";

/** Where the images have the layout: the installer looks for it there. */
const LAYOUT = "assets/kwasm";

/** Nobody in particular, by number, so that a cluster sees that it is not root. */
const NONROOT = "65532:65532";

/** A layout that `writeLayout` has written, and the version that is in it. */
export interface SourceLayout {
  readonly directory: string;
  readonly version: string;
}

/** Builds all images into `directory`, each as an OCI layout, and answers them. */
export async function buildImages(directory: string, tag: string): Promise<readonly BuiltImage[]> {
  const scratch = mkdtempSync(join(tmpdir(), "kwasm-images-"));
  try {
    return await buildImagesOf({ directory: scratch, version: await writeLayout(scratch) }, directory, tag);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Builds all images of a layout that is there. */
export async function buildImagesOf(
  layout: SourceLayout,
  directory: string,
  tag: string,
): Promise<readonly BuiltImage[]> {
  mkdirSync(directory, { recursive: true });
  const images: BuiltImage[] = [];
  for (const description of await describeImages(layout.directory, layout.version)) {
    const image = assembleImage(description, packageManifest.version);
    await writeLayoutOf(image, `${REPOSITORY}/${image.name}:${tag}`, directory);
    images.push(image);
  }
  return images;
}

async function describeImages(layout: string, version: string): Promise<readonly ImageDescription[]> {
  const files = listFiles(layout).map((path) => {
    return fileOf(`${LAYOUT}/${relative(layout, path)}`, path, statSync(path).mode & 0o777);
  });
  const materials: LayerFile = { name: "usr/share/sbom/kwasm.spdx.json", content: listMaterials(), mode: 0o644 };
  const base = `${LAYOUT}/lib/kwasm/${version}`;
  const isOperators = ({ name }: LayerFile): boolean => {
    const local = relative(base, name);
    return /^(?:bin\/node|lib\/.*|loader|licences\/.*|operator\.js|.*\.json)$/u.test(local);
  };
  const operator = await packLayer([...files.filter(isOperators), materials]);
  const runtime = await packLayer([...files, materials]);
  const probe: LayerFile = { name: "probe.wasm", content: await assembleProbe(), mode: 0o644 };
  const programs = await packLayer([...listPrograms("nsenter"), probe]);
  const loader = readFileSync(join(layout, "lib/kwasm", version, "loader"), "utf8").trim();
  const start = (entry: string, ...nodeOptions: readonly string[]): readonly string[] =>
    startOf({ base, loader, nodeOptions, entry });
  return [
    {
      name: "kwasm-operator",
      title: "Brings KWasm to the nodes that ask for it",
      user: NONROOT,
      entrypoint: start("operator.js", ...operatorNodeOptions),
      layers: [operator],
    },
    {
      name: "kwasm-node-installer",
      title: "Installs KWasm on a node",
      user: "0:0",
      entrypoint: start("installer.js"),
      layers: [runtime, programs],
    },
    {
      name: "kwasm-runtime",
      title: "The layout of KWasm's runtime",
      user: NONROOT,
      entrypoint: start("installer.js"),
      layers: [runtime],
    },
  ];
}

interface StartOptions {
  /** The folder of this version in the image. */
  readonly base: string;
  readonly loader: string;
  readonly nodeOptions: readonly string[];
  readonly entry: string;
}

/** Node by the loader beside it: an image without a distribution has none where programs look for it. */
function startOf({ base, loader, nodeOptions, entry }: StartOptions): readonly string[] {
  const library = `/${base}/lib`;
  return [
    `${library}/${loader}`,
    "--inhibit-cache",
    "--library-path",
    library,
    `/${base}/bin/node`,
    "--disable-warning=ExperimentalWarning",
    ...nodeOptions,
    `/${base}/${entry}`,
  ];
}

/** Programs of this machine's distribution with the libraries they need, where a loader finds them. */
function listPrograms(...names: readonly string[]): readonly LayerFile[] {
  const paths = names.map((name) => ({ name, path: realpathSync(findProgram(name)) }));
  const libraries = listSharedLibraries(...paths.map(({ path }) => path));
  const loader = findLoader(libraries);
  return [
    ...paths.map(({ name, path }) => fileOf(`usr/bin/${name}`, path, 0o755)),
    ...libraries.map((library) => {
      const isLoader = library.name === loader.name;
      // A program names its loader by its whole path, and the loader looks for the others in /lib.
      return fileOf(
        isLoader ? library.path.slice(1) : `lib/${library.name}`,
        realpathSync(library.path),
        isLoader ? 0o755 : 0o644,
      );
    }),
  ];
}

function listFiles(directory: string): readonly string[] {
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
}
