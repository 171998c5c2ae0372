import type { Directory, OutputStream } from "#engine";

import type { InspectedGuest } from "../../channel/index.ts";

/** What a command looks at, and where it tells what it saw. */
export interface Look {
  /** The words behind the command's name. */
  readonly words: readonly string[];
  readonly guest: InspectedGuest;
  /** The guest's files from its root on; undefined for a guest that has none. */
  readonly root: Directory | undefined;
  /** Where relative paths begin; absolute. */
  readonly workingDirectory: string;
  readonly nowMs: number;
  /** Resolves when there is room for more, which is as long as its reader takes. */
  readonly print: (text: string | Uint8Array) => Promise<void>;
  /** Tells what went wrong, as a line for a person. */
  readonly complain: (text: string) => Promise<void>;
}

/** A command of the runtime itself, by which a user looks into a guest. */
export interface Command {
  /** How it is written, such as `ls [-l] [-a] [PATH…]`. */
  readonly synopsis: string;
  readonly summary: string;
  /** Answers the exit code. */
  readonly run: (look: Look) => Promise<number>;
}

/** Exit codes, as the GNU coreutils and POSIX shells use them. */
export const exitCode = { done: 0, failed: 1, misused: 2, unknownCommand: 127 } as const;

/** Writes all of it, in pieces for which there is room. */
export async function writePatiently(output: OutputStream, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const piece = bytes.subarray(done, done + output.capacity());
    if (piece.length > 0) output.write(piece);
    done += piece.length;
    while (done < bytes.length && !output.writable.isReady()) {
      await new Promise<void>((resume) => void output.writable.onReady(resume));
    }
  }
}

/** Control characters mean something to terminals, and names and arguments may come from the guest. */
export function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, "?");
}
