import { HostError, type RegularFile } from "#engine";

import { type Command, exitCode, type Look } from "./command.ts";
import { complainOf, noFiles, treePathOf } from "./guest-paths.ts";

/** Read at once, and so held when the reader of the output is slow. */
const PIECE_BYTES = 64 * 1024;

export const printFiles: Command = {
  synopsis: "cat PATH…",
  summary: "prints files as they are",
  async run(look) {
    if (look.words.length === 0) {
      await look.complain(`write it as: ${printFiles.synopsis}`);
      return exitCode.misused;
    }
    let code: number = exitCode.done;
    for (const path of look.words) {
      try {
        using file = openFile(look, path);
        await printFile(look, file);
      } catch (thrown) {
        await complainOf(look, path, thrown);
        code = exitCode.failed;
      }
    }
    return code;
  },
};

function openFile(look: Look, path: string): RegularFile {
  if (look.root === undefined) throw noFiles();
  const opened = look.root.openAt(treePathOf(path, look), { followFinal: true, read: true });
  if (opened.kind === "regular-file") return opened;
  opened.close();
  throw new HostError("is-directory", `print '${path}': it is a directory`);
}

async function printFile(look: Look, file: RegularFile): Promise<void> {
  for (let offset = 0n; ;) {
    // A piece belongs to the output once it was printed.
    const piece = new Uint8Array(PIECE_BYTES);
    const length = file.readAt(piece, offset);
    if (length === 0) return;
    await look.print(piece.subarray(0, length));
    offset += BigInt(length);
  }
}
