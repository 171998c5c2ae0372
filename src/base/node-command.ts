import { basename, dirname } from "node:path";

/** How this process was started, as Node tells it. */
export interface StartedNode {
  /** What the kernel started: Node, or the dynamic loader that was told to run it. */
  readonly execPath: string;
  /** The first word that Node itself got. The loader puts the path of the program that it runs there. */
  readonly argv0: string;
}

/** What dynamic loaders are called on every architecture, of glibc and of musl: ld.so(8). */
const loaderName = /^ld[-\d].*\.so/;

/**
 * The words that start the Node that runs now, to be followed by Node's own. In an installable layout Node is run by the
 * loader that the layout brings, with the libraries beside that: a loader alone would take Node's options for its own,
 * and Node alone would look for the machine's loader.
 */
export function nodeCommand({ execPath, argv0 }: StartedNode = process): readonly [program: string, ...string[]] {
  if (!loaderName.test(basename(execPath))) return [execPath];
  return [execPath, "--inhibit-cache", "--library-path", dirname(execPath), argv0];
}
