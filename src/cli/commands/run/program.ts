import { createHash } from "node:crypto";
import { createReadStream, existsSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";

import { KwasmError } from "#base";
import { type ContentSource, isArchive, readContent, resolveEntry } from "#image";
import type { MountSpec, WorkloadSpec } from "#node";
import {
  type ApplicationSpec,
  findImageManifest,
  planArtifact,
  planManifest,
  type RuntimeConfig,
  storageIn,
  workloadOfApplication,
} from "#spin";

import { openImageStore } from "../image-store.ts";

/** What a REF of `kwasm run` stands for. */
export interface Program {
  readonly module: WorkloadSpec["module"];
  readonly args: readonly string[];
  readonly env: WorkloadSpec["env"];
  readonly mounts: readonly MountSpec[];
  /** A Spin application; the module is its first one's. */
  readonly application?: ApplicationSpec;
}

interface TakenApplications {
  /** Those that have a command, or those that answer requests. */
  readonly kind: "command" | "service";
  /** Variables get their values from here. */
  readonly environment: ReadonlyMap<string, string>;
  /** Where their data is. */
  readonly runtimeConfig?: RuntimeConfig;
}

type GivenToPlan = Omit<TakenApplications, "kind"> & { readonly onKind: (kind: "command" | "service") => void };

interface ProgramOptions {
  readonly args: readonly string[];
  readonly cwd: string;
  readonly stateDirectory: string;
  readonly argv0: string | undefined;
  /** Which Spin applications are taken; left out: none. */
  readonly applications?: TakenApplications;
}

/**
 * Finds what to run: a file, the manifest of a Spin application, an OCI image layout folder or archive, or an image of
 * the local store. Words that look like a path are never an image, so that a missing file is told as one.
 */
export async function findProgram(reference: string, options: ProgramOptions): Promise<Program> {
  const path = resolve(options.cwd, reference);
  const kind = kindOf(path);
  if (kind === "file" && path.endsWith(".toml")) return programOfManifest(path, reference, options);
  if (kind === "file") {
    return (await isArchive(path))
      ? programOfImage({ kind: "archive", path }, reference, options)
      : programOfFile(path, reference, options);
  }
  if (kind === "directory") {
    if (existsSync(join(path, "oci-layout"))) {
      return programOfImage({ kind: "layout", directory: path }, reference, options);
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
  return programOfImage({ kind: "store", store, name: reference }, reference, options);
}

function kindOf(path: string): "file" | "directory" | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  return stat.isDirectory() ? "directory" : "file";
}

async function programOfFile(path: string, reference: string, options: ProgramOptions): Promise<Program> {
  const { args, argv0 } = options;
  refuseRuntimeConfig(reference, options);
  const digest = createHash("sha256");
  try {
    await pipeline(createReadStream(path), digest);
  } catch (error) {
    throw KwasmError.from(error, `read "${reference}"`);
  }
  const module = { path, digest: `sha256:${digest.digest("hex")}` };
  return { module, args: [argv0 ?? basename(reference), ...args], env: [], mounts: [] };
}

/** Data is kept where Spin keeps it, beside the manifest. */
async function programOfManifest(path: string, reference: string, options: ProgramOptions): Promise<Program> {
  const storage = storageIn(join(dirname(path), ".spin"));
  return programOf(reference, options, (given) => {
    return planManifest(path, { ...given, isConfined: false, takesBareNames: false, storage });
  });
}

/** A runtime configuration would be for nobody. */
function refuseRuntimeConfig(reference: string, { applications }: ProgramOptions): void {
  if (applications?.runtimeConfig === undefined) return;
  throw new KwasmError(
    "invalid-argument",
    `run "${reference}": it is no Spin application, which "--runtime-config-file" is for; leave that out`,
  );
}

/** Where it may connect to is what its components may. */
async function programOf(
  reference: string,
  { args, applications }: ProgramOptions,
  plan: (given: GivenToPlan) => Promise<ApplicationSpec>,
): Promise<Program> {
  if (applications === undefined) throw refuse(reference, inTwoWays);
  const { kind: wanted, ...given } = applications;
  const onKind = (kind: "command" | "service"): void => {
    if (kind !== wanted) throw refuse(reference, kind === "command" ? asCommand : asService);
  };
  const { outbound: _outbound, ...program } = workloadOfApplication(await plan({ ...given, onKind }), args);
  return { ...program, env: [], mounts: [] };
}

const asService = 'which answers HTTP requests; "kwasm serve" and "kwasm up" run it';
const asCommand = 'with a command, which answers no requests; "kwasm run" and "kwasm up" run it';
const inTwoWays = '"kwasm serve" and "kwasm run" take those';

function refuse(reference: string, reason: string): KwasmError {
  return new KwasmError("unsupported", `run "${reference}": it is a Spin application, ${reason}`);
}

async function programOfImage(source: ContentSource, reference: string, options: ProgramOptions): Promise<Program> {
  const { args, argv0, stateDirectory } = options;
  const content = await readContent(source, join(stateDirectory, "unpacked"));
  if (content.kind === "spin") {
    return programOf(reference, options, (given) => planArtifact(content, { ...given, takesBareNames: false }));
  }
  const manifest = findImageManifest(content.root);
  if (manifest !== undefined) {
    return programOf(reference, options, (given) => {
      const environment = new Map([...content.config.env, ...given.environment]);
      return planManifest(manifest, { ...given, environment, isConfined: true, takesBareNames: true });
    });
  }
  refuseRuntimeConfig(reference, options);
  const entry = await resolveEntry(content, args.length === 0 ? {} : { args });
  const [own = "", ...rest] = entry.argv;
  return {
    module: entry.module,
    args: [argv0 ?? own, ...rest],
    env: entry.env,
    // The unpacked files are shared by all containers of the image.
    mounts: [{ hostPath: content.root, guestPath: "/", readOnly: true }],
  };
}
