import { createHash } from "node:crypto";
import { createReadStream, existsSync, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";

import { KwasmError } from "#base";
import { type ContentSource, isArchive, readContent, requireFiles, resolveEntry } from "#image";
import type { MountSpec, WorkloadSpec } from "#node";

import { openImageStore } from "../image-store.ts";

/** What a REF of `kwasm run` stands for. */
export interface Program {
  readonly module: WorkloadSpec["module"];
  readonly args: readonly string[];
  readonly env: WorkloadSpec["env"];
  readonly mounts: readonly MountSpec[];
}

interface ProgramOptions {
  readonly args: readonly string[];
  readonly cwd: string;
  readonly stateDirectory: string;
  readonly argv0: string | undefined;
}

/**
 * Finds what to run: a file, an OCI image layout folder or archive, or an image of the local store. Words that look like a path
 * are never an image, so that a missing file is told as one.
 */
export async function findProgram(reference: string, options: ProgramOptions): Promise<Program> {
  const path = resolve(options.cwd, reference);
  const kind = kindOf(path);
  if (kind === "file") {
    return (await isArchive(path))
      ? programOfImage({ kind: "archive", path }, options)
      : programOfFile(path, reference, options);
  }
  if (kind === "directory") {
    if (existsSync(join(path, "oci-layout"))) {
      return programOfImage({ kind: "layout", directory: path }, options);
    }
    throw new KwasmError(
      "unsupported",
      `run "${reference}": the folder is no OCI image layout, it has no "oci-layout"`,
    );
  }
  if (reference.endsWith(".wasm") || /^\.{0,2}\//u.test(reference)) {
    throw new KwasmError("not-found", `run "${reference}": there is no such file`);
  }
  const store = openImageStore(options.stateDirectory);
  return programOfImage({ kind: "store", store, name: reference }, options);
}

function kindOf(path: string): "file" | "directory" | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  return stat.isDirectory() ? "directory" : "file";
}

async function programOfFile(path: string, reference: string, { args, argv0 }: ProgramOptions): Promise<Program> {
  const digest = createHash("sha256");
  try {
    await pipeline(createReadStream(path), digest);
  } catch (error) {
    throw KwasmError.from(error, `read "${reference}"`);
  }
  const module = { path, digest: `sha256:${digest.digest("hex")}` };
  return { module, args: [argv0 ?? basename(reference), ...args], env: [], mounts: [] };
}

async function programOfImage(
  source: ContentSource,
  { args, argv0, stateDirectory }: ProgramOptions,
): Promise<Program> {
  const unpacked = requireFiles(await readContent(source, join(stateDirectory, "unpacked")));
  const entry = await resolveEntry(unpacked, args.length === 0 ? {} : { args });
  const [own = "", ...rest] = entry.argv;
  return {
    module: entry.module,
    args: [argv0 ?? own, ...rest],
    env: entry.env,
    // The unpacked files are shared by all containers of the image.
    mounts: [{ hostPath: unpacked.root, guestPath: "/", readOnly: true }],
  };
}
