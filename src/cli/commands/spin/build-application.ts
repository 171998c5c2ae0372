import { buildImage, buildSpinArtifact, type ImageStore, type StoredImage } from "#image";
import { listApplication, lockApplication, readManifest } from "#spin";

import type { Io } from "../../frame/io.ts";
import { runBuildCommands } from "./run-build-commands.ts";

interface BuildApplicationOptions {
  readonly name: string;
  readonly store: ImageStore;
  readonly signal: AbortSignal;
  /** The layout of Spin's examples, unless given. */
  readonly format?: "scratch" | "spin";
  /** Whether components are made anew; else those only whose module is not there. */
  readonly runsCommands: boolean;
}

/** Whether an operand is the manifest of a Spin application. */
export function isApplication(path: string): boolean {
  return path.endsWith(".toml");
}

/** Makes the components of a Spin application by the commands of its manifest, and an image of it. */
export async function buildApplication(
  manifestPath: string,
  { name, store, signal, format = "scratch", runsCommands }: BuildApplicationOptions,
  io: Pick<Io, "stderr">,
): Promise<StoredImage> {
  const { components } = await readManifest(manifestPath);
  await runBuildCommands(components, { manifestPath, signal, isForced: runsCommands }, io);
  return format === "spin"
    ? buildArtifact(manifestPath, { name, store })
    : buildLayout(manifestPath, { name, store, signal });
}

/** An image laid out as Spin's own examples are: the manifest in the root. */
async function buildLayout(
  manifestPath: string,
  options: Pick<BuildApplicationOptions, "name" | "store" | "signal">,
): Promise<StoredImage> {
  const { modules, files } = await listApplication(manifestPath);
  const [first, ...others] = modules;
  return buildImage({
    ...options,
    source: first.hostPath,
    moduleName: first.imagePath,
    files: [...others, ...files],
  });
}

/** What `spin registry push` pushes. */
async function buildArtifact(
  manifestPath: string,
  options: Pick<BuildApplicationOptions, "name" | "store">,
): Promise<StoredImage> {
  const locked = await lockApplication(manifestPath);
  return buildSpinArtifact({
    ...options,
    application: locked.text,
    title: locked.name,
    version: locked.version,
    description: locked.description,
    components: locked.components.map(({ module, dependencies, files }) => ({
      modules: [module, ...dependencies].map(({ path, digest }) => ({ hostPath: path, digest })),
      files: files.map(({ inline, ...file }) => ({ ...file, isInline: inline !== undefined })),
    })),
  });
}
