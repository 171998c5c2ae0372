import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

import { buildImage, type ImageStore, parseLocalName } from "#image";
import type { KubeObject } from "#local";

import type { Io } from "../frame/io.ts";
import { buildApplication, isApplication } from "./spin/build-application.ts";

interface LocalImageOptions {
  /** The operands of `up`: guests are looked for beside these. */
  readonly manifests: readonly string[];
  readonly store: ImageStore;
  /** Builds also what the store has already. */
  readonly isForced: boolean;
}

/**
 * Builds the images that the objects name and whose guest lies beside the manifests, as `podman kube play` does: for
 * image `hello:v1` the module `hello.wasm`, else a folder `hello` with a Spin application, with a module of its own name, or
 * with source.
 */
export async function buildLocalImages(
  objects: readonly KubeObject[],
  { manifests, store, isForced }: LocalImageOptions,
  io: Io,
): Promise<void> {
  const folders = manifests.map((path) => folderOf(path, io.cwd));
  for (const name of new Set(objects.flatMap(imagesOf))) {
    const source = findSource(folders, name);
    if (source === undefined || (!isForced && store.find(name) !== undefined)) continue;
    io.stderr.write(`Building image "${name}"\n`);
    const options = { name, store, signal: io.interrupted() };
    if (isApplication(source)) await buildApplication(source, { ...options, runsCommands: isForced }, io);
    else await buildImage({ source, ...options });
  }
}

function imagesOf(object: KubeObject): readonly string[] {
  if (object.kind === "Pod") return object.spec.containers.map(({ image }) => image);
  return object.kind === "Deployment" ? object.spec.template.spec.containers.map(({ image }) => image) : [];
}

/** The last word of an image's name has no slash and no `..`, so it never leads out of a manifest's folder. */
function findSource(folders: readonly string[], image: string): string | undefined {
  // Nobody knows the digest of what is not built yet.
  if (image.includes("@")) return undefined;
  const word = parseLocalName(image).repository.split("/").at(-1) ?? "";
  const candidates = [`${word}.wasm`, join(word, "spin.toml"), join(word, `${word}.wasm`), word];
  return folders.flatMap((folder) => candidates.map((name) => join(folder, name))).find((path) => existsSync(path));
}

/** Standard input stands in the working directory. */
function folderOf(path: string, cwd: string): string {
  if (path === "-") return cwd;
  const absolute = resolve(cwd, path);
  return /\.(?:yaml|yml|json)$/.test(path) ? dirname(absolute) : absolute;
}
