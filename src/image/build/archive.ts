import { pack } from "tar-stream";

/** A file of an image that is being built. */
export interface ImageFile {
  /** Absolute, normalised: `/app.wasm`. */
  readonly imagePath: string;
  readonly content: Buffer;
  readonly mode: number;
}

/** Nothing of the machine, its user or the hour goes into a layer: the same files give the same digest everywhere. */
const reproducible = { mtime: new Date(0), uid: 0, gid: 0, uname: "", gname: "" } as const;

/**
 * The files as one tar archive, sorted, with the folders they need. It is not compressed: how a compressor packs
 * depends on its version and on the processor, and a digest that differs from machine to machine is worth less than
 * the bytes.
 */
export function packLayer(files: readonly ImageFile[]): AsyncIterable<Uint8Array> {
  const archive = pack();
  for (const directory of directoriesOf(files)) {
    archive.entry({ ...reproducible, name: directory, type: "directory", mode: 0o755 });
  }
  for (const { imagePath, content, mode } of files.toSorted(byPath)) {
    archive.entry({ ...reproducible, name: imagePath.slice(1), mode }, content);
  }
  archive.finalize();
  // The library's types leave open what its streams yield; these yield headers and slices of the contents.
  return archive as AsyncIterable<Uint8Array>;
}

function byPath(left: ImageFile, right: ImageFile): number {
  return left.imagePath < right.imagePath ? -1 : 1;
}

/** Parents before children, since a name sorts before every longer one that begins with it. */
function directoriesOf(files: readonly ImageFile[]): readonly string[] {
  const directories = new Set<string>();
  for (const { imagePath } of files) {
    const parents = imagePath.split("/").slice(1, -1);
    parents.forEach((_, at) => directories.add(`${parents.slice(0, at + 1).join("/")}/`));
  }
  return [...directories].sort();
}
