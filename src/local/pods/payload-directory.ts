import { randomBytes } from "node:crypto";
import { mkdir, readdir, readlink, rename, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { KwasmError, systemErrorCode } from "#base";

/** One file of a configMap or secret volume. `path` is relative, without `..` (checked on reading the manifest). */
export interface PayloadFile {
  readonly path: string;
  readonly content: Uint8Array;
  readonly mode: number;
}

/**
 * Makes `directory` show exactly `files`, all of them old or all of them new at every moment, as the kubelet's
 * AtomicWriter does and as programs that watch `..data` expect: the files go into a fresh directory, the link `..data`
 * is renamed over to it, and each top name is a link through `..data`.
 */
export async function writePayload(directory: string, files: readonly PayloadFile[]): Promise<void> {
  for (const file of files) refuseEscape(file.path);
  await mkdir(directory, { recursive: true, mode: 0o755 });
  const before = await readLinkOf(join(directory, "..data"));
  const version = `..${new Date().toISOString().replaceAll(/[-:.TZ]/gu, "_")}${randomBytes(4).toString("hex")}`;
  await writeVersion(join(directory, version), files);
  await replaceLink(version, join(directory, "..data"));
  await linkTopNames(directory, files);
  if (before === undefined) return;
  await removeGoneNames(directory, before, files);
  await rm(join(directory, before), { recursive: true, force: true });
}

async function writeVersion(directory: string, files: readonly PayloadFile[]): Promise<void> {
  await mkdir(directory, { mode: 0o755 });
  for (const file of files) {
    const path = join(directory, file.path);
    await mkdir(dirname(path), { recursive: true, mode: 0o755 });
    await writeFile(path, file.content, { mode: file.mode, flag: "wx" });
  }
}

async function linkTopNames(directory: string, files: readonly PayloadFile[]): Promise<void> {
  for (const name of topNames(files.map(({ path }) => path))) {
    const link = join(directory, name);
    const target = join("..data", name);
    if ((await readLinkOf(link)) !== target) await replaceLink(target, link);
  }
}

/** Names that only the version before had would be links to nothing. */
async function removeGoneNames(directory: string, before: string, files: readonly PayloadFile[]): Promise<void> {
  const kept = topNames(files.map(({ path }) => path));
  for (const name of await readdir(join(directory, before))) {
    if (!kept.has(name)) await rm(join(directory, name), { force: true });
  }
}

async function replaceLink(target: string, link: string): Promise<void> {
  const fresh = `${link}.${randomBytes(4).toString("hex")}`;
  await symlink(target, fresh);
  await rename(fresh, link);
}

async function readLinkOf(path: string): Promise<string | undefined> {
  try {
    return await readlink(path);
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

function topNames(paths: readonly string[]): Set<string> {
  return new Set(paths.map((path) => path.split("/", 1)[0] ?? path));
}

/** The manifest's reader has refused these; a key of a ConfigMap that came another way must not lead out either. */
function refuseEscape(path: string): void {
  const segments = path.split("/");
  if (
    path.startsWith("/") ||
    segments.some((segment) => segment === "" || segment === "." || segment.startsWith(".."))
  ) {
    throw new KwasmError(
      "invalid-argument",
      `write "${path}" into a volume: it leads out of the volume; use a plain relative path`,
    );
  }
}
