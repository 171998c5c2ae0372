import { type Directory, HostError, type RegularFile } from "../../host/index.ts";

/**
 * `wasi:filesystem/types#descriptor`: an open file or directory. Streams over a file go on when its descriptor is
 * dropped, so the file is closed with the last of them.
 */
export class FileDescriptor {
  readonly node: Directory | RegularFile;
  /** Whether a directory was opened for changes of its names; it says so to who asks. */
  readonly mutatesDirectory: boolean;
  #holders = 1;

  constructor(node: Directory | RegularFile, mutatesDirectory = true) {
    this.node = node;
    this.mutatesDirectory = mutatesDirectory;
  }

  get file(): RegularFile {
    if (this.node.kind === "regular-file") return this.node;
    throw new HostError("is-directory", "use a directory as a file");
  }

  get directory(): Directory {
    if (this.node.kind === "directory") return this.node;
    throw new HostError("not-directory", "use a file as a directory");
  }

  /** Keeps the node open; the answer gives it back, once. */
  hold(): () => void {
    this.#holders += 1;
    return () => this.drop();
  }

  drop(): void {
    this.#holders -= 1;
    if (this.#holders === 0) this.node.close();
  }
}
