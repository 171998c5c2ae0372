import { lstatSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { KwasmError } from "#base";
import type { SpinApplication } from "../application.ts";
import { spinLimits } from "../limits.ts";
import { readSpinManifest } from "../manifest/read-manifest.ts";
import type { ApplicationSpec } from "./application-spec.ts";
import { directoryContent } from "./content-finder.ts";
import { planApplication, type PlanOptions } from "./plan-application.ts";

/** Where an image has its application: what Spin's shim for containerd loads, whatever a container's command is. */
const imageManifest = "spin.toml";

/** The manifest in the root of an image, as a file on this machine. */
export function findImageManifest(root: string): string | undefined {
  const path = join(root, imageManifest);
  return lstatSync(path, { throwIfNoEntry: false })?.isFile() === true ? path : undefined;
}

interface DirectoryPlanOptions extends Omit<PlanOptions, "content"> {
  /** Whether somebody else made the directory, so that nothing outside of it may be named. */
  readonly isConfined: boolean;
}

/** Plans the application of a manifest, whose modules and files are beside it. Throws as its reader and planner do. */
export async function planManifest(path: string, options: DirectoryPlanOptions): Promise<ApplicationSpec> {
  return planApplication(await readManifest(path), { ...options, content: directoryContent(dirname(path), options) });
}

/** Reads the manifest of a file. Throws as `readSpinManifest`, and `not-found`. */
export async function readManifest(path: string): Promise<SpinApplication> {
  return readSpinManifest(await readManifestText(path), basename(path));
}

async function readManifestText(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    // A character has up to four bytes; the reader counts characters.
    if (size <= spinLimits.manifestLengthMax * 4) return await readFile(path, "utf8");
  } catch (error) {
    throw KwasmError.from(error, `read "${path}"`);
  }
  throw new KwasmError("limit-exceeded", `read "${path}": it is larger than a manifest of Spin can be`);
}
