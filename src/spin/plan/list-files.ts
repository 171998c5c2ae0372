import { basename, dirname, relative } from "node:path";
import { KwasmError } from "#base";
import { directoryContent } from "./content-finder.ts";
import { includedFiles } from "./included-files.ts";
import { readManifest } from "./plan-directory.ts";
import { sourceOfDependency } from "./source-of-dependency.ts";

/** A file that an image of an application has. */
export interface ApplicationFile {
  readonly hostPath: string;
  /** Relative to the image's root, which is the manifest's directory. */
  readonly imagePath: string;
}

export interface ListedApplication {
  /** Modules, the first component's first. */
  readonly modules: readonly [ApplicationFile, ...ApplicationFile[]];
  /** The manifest, and what components may read. */
  readonly files: readonly ApplicationFile[];
}

/**
 * Lists the files by which an image is the application of a manifest. Throws `permission-denied` for what lies outside of
 * the manifest's directory: an image has no such place.
 */
export async function listApplication(manifestPath: string): Promise<ListedApplication> {
  const application = await readManifest(manifestPath);
  const content = directoryContent(dirname(manifestPath), { isConfined: true });
  const root = content.place(".");
  const imagePathOf = (hostPath: string): string => relative(root, hostPath);
  const modules = new Map<string, ApplicationFile>();
  const files = new Map<string, ApplicationFile>();
  for (const component of application.components) {
    const { id, source, dependencies } = component;
    const sources = dependencies.map((dependency) => sourceOfDependency(dependency.source, application.components));
    for (const each of [source, ...sources]) {
      const { path } = await content.module(each, id);
      modules.set(path, { hostPath: path, imagePath: imagePathOf(path) });
    }
    for (const file of (await includedFiles(component, content)).values()) {
      files.set(file, { hostPath: file, imagePath: imagePathOf(file) });
    }
  }
  const [first, ...others] = modules.values();
  if (first === undefined) {
    throw new KwasmError("unsupported", `build "${basename(manifestPath)}": the application has no component`);
  }
  for (const path of modules.keys()) files.delete(path);
  const manifest = { hostPath: manifestPath, imagePath: "spin.toml" };
  return { modules: [first, ...others], files: [manifest, ...files.values()] };
}
