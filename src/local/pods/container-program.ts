import type { ImageContent } from "#image";
import type { WorkloadSpec } from "#node";
import {
  type ApplicationSpec,
  findImageManifest,
  planArtifact,
  planManifest,
  readContainerConfig,
  workloadOfApplication,
} from "#spin";
import type { Container } from "../kinds/index.ts";
import type { ContainerImages } from "./container-images.ts";
import { expandVariables } from "./expand-variables.ts";
import type { PodFiles } from "./pod-files.ts";

/** What a container starts. Without `network`, what its pod has. */
export type ContainerProgram = Pick<WorkloadSpec, "module" | "args" | "application" | "network">;

interface ProgramParts {
  readonly context: { readonly images: ContainerImages };
  readonly container: Container;
  readonly files: PodFiles;
}

/** A Spin application is one whatever the container's command is: an artifact, or an image with a manifest in its root. */
export async function findProgram(
  { context, container, files }: ProgramParts,
  image: ImageContent,
  environment: ReadonlyMap<string, string>,
): Promise<ContainerProgram> {
  if (image.kind === "spin") {
    const options = await spinOptionsOf({ container, files }, undefined);
    return programOfApplication(await planArtifact(image, { ...options, environment }));
  }
  const manifest = findImageManifest(image.root);
  if (manifest !== undefined) {
    const options = { ...(await spinOptionsOf({ container, files }, image.root)), environment, isConfined: true };
    return programOfApplication(await planManifest(manifest, options));
  }
  const expand = (word: string): string => expandVariables(word, environment);
  const entry = await context.images.resolve(image, container.command.map(expand), container.args.map(expand));
  return { module: { path: entry.module.path, digest: entry.module.digest }, args: entry.argv };
}

/** What a container has for a Spin application besides its image. */
async function spinOptionsOf({ container, files }: Omit<ProgramParts, "context">, root: string | undefined) {
  const runtimeConfig = await readContainerConfig(files.mountsOf(container, root));
  const storage = await files.spinStorageOf(container);
  return { takesBareNames: true, storage, ...(runtimeConfig && { runtimeConfig }) };
}

function programOfApplication(application: ApplicationSpec): ContainerProgram {
  const { outbound, ...program } = workloadOfApplication(application);
  return { ...program, network: { outbound, binds: [] } };
}
