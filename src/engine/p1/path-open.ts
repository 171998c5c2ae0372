import type { OpenOptions } from "../host/index.ts";
import { Descriptor, type DirectoryResource } from "./descriptor.ts";
import { errno, P1Error } from "./errno.ts";
import { fdflag, fdflagsAll, oflag, oflagsAll } from "./layout.ts";
import { directoryRights, fileRights, isWithin, right } from "./rights.ts";

/** What a guest asks `path_open` for. */
export interface PathOpenRequest {
  readonly path: string;
  readonly followFinal: boolean;
  readonly oflags: number;
  readonly fdflags: number;
  readonly rights: { readonly base: number; readonly inheriting: number };
}

/**
 * The one right that asks for a file to be opened for writing. Others that change a file do not count: Go asks for the
 * right to set its size also where it only reads, and wasmtime opens by this one too.
 */
const writingRights = right.fdWrite;
const readingRights = right.fdRead | right.fdReaddir;

/** Opens a file or directory under `parent` with no more rights than the parent passes on. */
export function openPath(parent: Descriptor<DirectoryResource>, request: PathOpenRequest): Descriptor {
  checkFlags(request);
  checkRights(parent, request);
  const { base, inheriting } = request.rights;
  const node = parent.resource.directory.openAt(request.path, openOptions(request));
  if (node.kind === "directory") {
    const resource = { kind: "directory", directory: node, close: () => node.close() } as const;
    return new Descriptor(resource, { base: base & directoryRights, inheriting }, request.fdflags);
  }
  const resource = { kind: "file", file: node, close: () => node.close() } as const;
  return new Descriptor(resource, { base: base & fileRights, inheriting }, request.fdflags);
}

function checkFlags({ oflags, fdflags }: PathOpenRequest): void {
  if (!isWithin(oflags, oflagsAll) || !isWithin(fdflags, fdflagsAll)) {
    throw new P1Error(errno.invalid, "open a path by flags that do not exist");
  }
  if ((oflags & oflag.create) !== 0 && (oflags & oflag.directory) !== 0) {
    throw new P1Error(errno.invalid, "create a directory by opening it");
  }
}

/** The witx's rules: the parent must hold what the flags do, and pass on what the new descriptor asks for. */
function checkRights(parent: Descriptor<DirectoryResource>, { oflags, fdflags, rights }: PathOpenRequest): void {
  if ((oflags & oflag.create) !== 0) parent.require(right.pathCreateFile);
  if ((oflags & oflag.truncate) !== 0) parent.require(right.pathFilestatSetSize);
  const syncing =
    ((fdflags & (fdflag.sync | fdflag.readSync)) === 0 ? 0 : right.fdSync) |
    ((fdflags & fdflag.datasync) === 0 ? 0 : right.fdDatasync);
  if (!isWithin(rights.base | rights.inheriting | syncing, parent.rights.inheriting)) {
    throw new P1Error(errno.notCapable, "open a path with more rights than its directory passes on");
  }
}

function openOptions({ followFinal, oflags, fdflags, rights }: PathOpenRequest): OpenOptions {
  const write = (rights.base & writingRights) !== 0;
  return {
    followFinal,
    mustBeDirectory: (oflags & oflag.directory) !== 0,
    create: (oflags & oflag.create) !== 0,
    exclusive: (oflags & oflag.exclusive) !== 0,
    truncate: (oflags & oflag.truncate) !== 0,
    // A descriptor without rights still has to be opened somehow: for reading, as wasi-libc's O_SEARCH.
    read: (rights.base & readingRights) !== 0 || !write,
    write,
    append: write && (fdflags & fdflag.append) !== 0,
    sync: (fdflags & (fdflag.sync | fdflag.readSync)) !== 0,
    dataSync: (fdflags & fdflag.datasync) !== 0,
    nonBlock: (fdflags & fdflag.nonblock) !== 0,
  };
}
