import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

import { pack } from "tar-stream";

/** A file of an image: its content, or where it is. */
export interface LayerFile {
  /** From the image's root on, without a slash before it. */
  readonly name: string;
  readonly content: Buffer | string;
  readonly mode: number;
}

export interface Layer {
  readonly blob: Buffer;
  readonly digest: string;
  /** Of what it is unpacked. */
  readonly diffId: string;
}

/** Nothing of the machine, its user or the hour: the same files give the same digest. */
const reproducible = { mtime: new Date(0), uid: 0, gid: 0, uname: "", gname: "" } as const;

/** What pulls an image unpacks it more often than we pack it. */
const COMPRESSION_LEVEL = 6;

/** Packs files, in the order of their names and with the folders they need, as every containerd reads them. */
export async function packLayer(files: readonly LayerFile[]): Promise<Layer> {
  const archive = pack();
  for (const name of foldersOf(files)) archive.entry({ ...reproducible, name, type: "directory", mode: 0o755 });
  for (const { name, content, mode } of files.toSorted(byName)) archive.entry({ ...reproducible, name, mode }, content);
  archive.finalize();
  const chunks: Uint8Array[] = [];
  for await (const chunk of archive as AsyncIterable<Uint8Array>) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  const blob = gzipSync(bytes, { level: COMPRESSION_LEVEL });
  return { blob, digest: sha256(blob), diffId: sha256(bytes) };
}

export function fileOf(name: string, path: string, mode = 0o644): LayerFile {
  return { name, content: readFileSync(path), mode };
}

export function sha256(bytes: Buffer | string): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

function byName(left: LayerFile, right: LayerFile): number {
  return left.name < right.name ? -1 : 1;
}

/** Parents first, since a name sorts before every longer one that begins with it. */
function foldersOf(files: readonly LayerFile[]): readonly string[] {
  const folders = new Set<string>();
  for (const { name } of files) {
    const parents = name.split("/").slice(0, -1);
    parents.forEach((_, at) => folders.add(`${parents.slice(0, at + 1).join("/")}/`));
  }
  return [...folders].toSorted();
}
