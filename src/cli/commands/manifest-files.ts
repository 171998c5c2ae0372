import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";

import { KwasmError } from "#base";
import { formatProblem, type KubeObject, type LocalClient, type ManifestFile, readLimits, readManifests } from "#local";

import { printDiagnostic } from "../frame/diagnostics.ts";
import type { Io } from "../frame/io.ts";

/** What kubectl reads of a folder. */
const manifestNames = /\.(?:yaml|yml|json)$/;

export interface ManifestOptions {
  readonly namespace: string;
  /** Where there is one, its RuntimeClasses may be named by the manifests. */
  readonly client: LocalClient | undefined;
  /** Manifests that were written for what is none. */
  readonly written?: readonly ManifestFile[];
}

/**
 * Reads the manifests of files, folders and standard input (`-`). Warnings are printed; with a problem anywhere all of
 * them are printed and nothing is returned.
 */
export async function readManifestFiles(
  paths: readonly string[],
  { namespace, client, written = [] }: ManifestOptions,
  io: Io,
): Promise<readonly KubeObject[]> {
  const files: ManifestFile[] = [...written];
  for (const path of paths) files.push(...(await readPath(path, io)));
  const known = (await client?.list({ kind: "RuntimeClass" })) ?? [];
  const runtimeClasses = new Set(known.map(({ metadata }) => metadata.name));
  const { objects, problems, warnings } = readManifests(files, { namespace, runtimeClasses });
  for (const warning of warnings) printDiagnostic(io, "warning", formatProblem(warning));
  const [first, ...others] = problems.map(formatProblem);
  if (first === undefined) return objects;
  for (const problem of others) printDiagnostic(io, "error", problem);
  throw new KwasmError("invalid-argument", first);
}

async function readPath(path: string, io: Io): Promise<readonly ManifestFile[]> {
  if (path === "-") return [{ name: "-", text: await readStdin(io) }];
  const action = `read manifest "${path}"`;
  try {
    const absolute = resolve(io.cwd, path);
    const names = statSync(absolute).isDirectory() ? listManifests(absolute, path) : [path];
    return names.map((name) => ({ name, text: readBounded(resolve(io.cwd, name), name) }));
  } catch (thrown) {
    throw KwasmError.from(thrown, action);
  }
}

/** The manifests of one folder in the order of their names, as kubectl takes them; folders in it are left alone. */
function listManifests(directory: string, path: string): string[] {
  const names = readdirSync(directory).filter((name) => manifestNames.test(name));
  if (names.length > 0) return names.toSorted().map((name) => join(path, name));
  throw new KwasmError("not-found", `read manifests of "${path}": the folder holds no .yaml, .yml or .json file`);
}

function readBounded(absolute: string, name: string): string {
  if (statSync(absolute).size > readLimits.fileBytesMax) throw tooLarge(name);
  return readFileSync(absolute, "utf8");
}

async function readStdin(io: Io): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of io.stdin as AsyncIterable<Buffer | string>) {
    const part = Buffer.from(chunk);
    bytes += part.length;
    if (bytes > readLimits.fileBytesMax) throw tooLarge("-");
    chunks.push(part);
  }
  return Buffer.concat(chunks).toString();
}

function tooLarge(name: string): KwasmError {
  const limit = readLimits.fileBytesMax;
  return new KwasmError("limit-exceeded", `read manifest "${name}": it has more than ${limit} bytes; split it`);
}
