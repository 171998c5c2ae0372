import { createHash } from "node:crypto";
import { createReadStream, existsSync, realpathSync, statSync } from "node:fs";
import { isAbsolute, join, resolve, sep } from "node:path";
import { pipeline } from "node:stream/promises";
import { KwasmError, writeFileAtomic } from "#base";
import type { SpinContent } from "../application.ts";
import { type ListedFile, placeTree } from "./place-tree.ts";
import { shown } from "../table.ts";
import type { FoundModule } from "./application-spec.ts";

/** Finds what an application names, wherever that is. */
export interface ContentFinder {
  /** `component` is what messages name. */
  module(source: SpinContent, component: string): Promise<FoundModule>;
  /** A directory with the files of a component of a locked application. */
  tree(files: readonly ListedFile[]): Promise<string>;
  /** The directory that patterns are in; undefined where an application has none. */
  readonly root: string | undefined;
  /** A file or directory of that root, by its path. Throws `not-found`. */
  place(path: string): string;
}

interface DirectoryOptions {
  /** Whether nothing outside of the directory may be named: in an image, which somebody else made. */
  readonly isConfined: boolean;
}

/** An application whose modules and files are in a directory: that of its manifest, or the root of an image. */
export function directoryContent(directory: string, { isConfined }: DirectoryOptions): ContentFinder {
  const root = realpathSync(directory);
  function place(path: string): string {
    const joined = isConfined || !isAbsolute(path) ? join(root, path) : resolve(path);
    const real = realpathOf(joined, path);
    if (!isConfined || real === root || real.startsWith(`${root}${root.endsWith(sep) ? "" : sep}`)) return real;
    throw new KwasmError("permission-denied", `find "${shown(path)}" of a Spin application: it leads out of the image`);
  }
  return {
    root,
    place,
    async module(source, component) {
      if (source.kind !== "path") throw unreachable(source, component);
      const path = place(source.path);
      if (!statSync(path).isFile()) {
        throw new KwasmError(
          "not-found",
          `find the module of component "${component}": "${shown(source.path)}" is no file`,
        );
      }
      return { path, digest: await digestOfFile(path) };
    },
    async tree([first]) {
      throw unreachable(first?.content ?? { kind: "path", path: "" }, "");
    },
  };
}

interface BlobOptions {
  /** The file that has the content of a digest, which was verified. Throws `not-found`. */
  readonly blobPath: (digest: string) => string;
  /** A directory for files that stand in the document itself; the caller's, who removes it when nobody runs any more. */
  readonly scratch: string;
}

/** A locked application whose modules and files are blobs known by their digests, as in a registry's artifact. */
export function blobContent({ blobPath, scratch }: BlobOptions): ContentFinder {
  async function find(content: SpinContent, component: string): Promise<FoundModule> {
    if (content.kind === "digest") return { path: blobPath(content.digest), digest: content.digest };
    if (content.kind !== "inline") throw unreachable(content, component);
    const digest = `sha256:${createHash("sha256").update(content.bytes).digest("hex")}`;
    const path = join(scratch, digest.replace(":", "-"));
    if (!existsSync(path)) writeFileAtomic(path, content.bytes);
    return { path, digest };
  }
  return {
    root: undefined,
    module: find,
    tree: (files) => placeTree(files, { directory: scratch, find: async (file) => (await find(file, "")).path }),
    place(path) {
      throw new KwasmError("unsupported", `find "${shown(path)}" of a locked application: only its digests are known`);
    },
  };
}

function realpathOf(path: string, named: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    throw KwasmError.from(error, `find "${shown(named)}" of a Spin application`);
  }
}

function unreachable(source: SpinContent, component: string): KwasmError {
  const words = { url: "a URL", registry: "a registry", digest: "its digest", inline: "its manifest", path: "a path" };
  return new KwasmError(
    "unsupported",
    `find the module of component "${component}": it is named by ${words[source.kind]}; put it beside the manifest`,
  );
}

/** The digest of a file, `sha256:…`. */
export async function digestOfFile(path: string): Promise<string> {
  const digest = createHash("sha256");
  try {
    await pipeline(createReadStream(path), digest);
  } catch (error) {
    throw KwasmError.from(error, `read "${path}"`);
  }
  return `sha256:${digest.digest("hex")}`;
}
