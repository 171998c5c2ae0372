import type { Clock } from "#base";

/** A regular file with what has to stay as it is when its content changes. */
export interface HostFile extends FileOwner {
  readonly content: Buffer;
}

export interface FileOwner {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** How a program of the host ended. */
export interface ProgramEnd {
  readonly exitCode: number;
  readonly output: string;
  /** What it wrote to its standard error. */
  readonly complaint: string;
}

/** What a running containerd says of itself. */
export interface RuntimeAnswer {
  readonly version: string;
  readonly handlers: ReadonlyMap<string, ServedHandler>;
}

export interface ServedHandler {
  readonly runtimeType: string;
  readonly containerAnnotations: readonly string[];
}

/** The part of a node that decisions are made of. Paths are the node's own, wherever its root is seen from. */
export interface HostReader {
  /** The file, through links that stay below the node's root, or undefined where there is none. */
  readFile(path: string): HostFile | undefined;
  /** Names in a folder, sorted; none where there is no folder. */
  list(path: string): readonly string[];
  isThere(path: string): boolean;
  /** Where a symbolic link leads, as it says itself, or undefined for anything else. */
  readLink(path: string): string | undefined;
}

/** A node that is to be changed. Each method that changes it does one thing, so that it can be killed between any two. */
export interface Host extends HostReader {
  readonly clock: Clock;
  /** Replaces or makes a file in one step, in a folder that is there; links are followed, not replaced. */
  writeFile(path: string, content: Uint8Array, owner: FileOwner): void;
  /** Makes a small file in a folder that is there; false where the name is taken. */
  createFile(path: string, content: Uint8Array): boolean;
  /** Does nothing where there is none. */
  removeFile(path: string): void;
  /** Does nothing where it is there. */
  makeDirectory(path: string): void;
  /** Does nothing where it is not there or not empty. */
  removeDirectory(path: string): void;
  removeTree(path: string): void;
  /** Copies a folder of this process's own files to a place of the node where nothing is, in one step. */
  copyTree(source: string, path: string): void;
  /** Runs a program in the node's own mount namespace. Rejects where it cannot be started or does not end in time. */
  run(command: readonly string[], timeoutMs: number): Promise<ProgramEnd>;
  /** Asks the containerd behind a socket. Rejects with `unavailable` where none answers. */
  askRuntime(socket: string): Promise<RuntimeAnswer>;
}
