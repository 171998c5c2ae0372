import { parseArgs } from "node:util";

import { type Directory, type FileStat, HostError } from "#engine";

import { type Command, exitCode, type Look, printable } from "./command.ts";
import { complainOf, noFiles, treePathOf } from "./guest-paths.ts";

/** Names of one directory that are sorted, and so held, at once; more are not shown. */
export const NAMES_MAX = 65_536;
/** Names fetched at once. */
const NAMES_BATCH = 1024;

interface Options {
  readonly isLong: boolean;
  readonly isAll: boolean;
}

export const listFiles: Command = {
  synopsis: "ls [-l] [-a] [PATH…]",
  summary: "lists directories, with types, sizes and times by -l, with hidden names by -a",
  async run(look) {
    const parsed = parseWords(look.words);
    if (parsed === undefined) {
      await look.complain(`write it as: ${listFiles.synopsis}`);
      return exitCode.misused;
    }
    const { paths, options } = parsed;
    let code: number = exitCode.done;
    for (const path of paths) {
      if (paths.length > 1) await look.print(`${path === paths[0] ? "" : "\n"}${printable(path)}:\n`);
      try {
        await listPath(look, path, options);
      } catch (thrown) {
        await complainOf(look, path, thrown);
        code = exitCode.failed;
      }
    }
    return code;
  },
};

function parseWords(words: readonly string[]): { paths: readonly string[]; options: Options } | undefined {
  try {
    const { values, positionals } = parseArgs({
      args: [...words],
      options: { long: { type: "boolean", short: "l" }, all: { type: "boolean", short: "a" } },
      allowPositionals: true,
    });
    const options = { isLong: values.long === true, isAll: values.all === true };
    return { paths: positionals.length === 0 ? ["."] : positionals, options };
  } catch {
    // An option that there is not.
    return undefined;
  }
}

async function listPath(look: Look, path: string, options: Options): Promise<void> {
  const { root } = look;
  if (root === undefined) throw noFiles();
  const treePath = treePathOf(path, look);
  const stat = root.statAt(treePath, !options.isLong);
  if (stat.type !== "directory") {
    await look.print(lineOf({ directory: root, path: treePath, shown: path, stat }, options));
    return;
  }
  using directory = openDirectory(root, treePath);
  for (const name of namesOf(directory, options).toSorted()) {
    await listName(look, directory, { name, options });
  }
}

function openDirectory(root: Directory, path: string): Directory {
  const opened = root.openAt(path, { followFinal: true, mustBeDirectory: true });
  if (opened.kind === "directory") return opened;
  opened.close();
  throw new HostError("not-directory", `list '${path}': it is a file`);
}

async function listName(
  look: Look,
  directory: Directory,
  { name, options }: { readonly name: string; readonly options: Options },
): Promise<void> {
  try {
    // What is above a directory is nothing that it tells; at the root there is nothing above.
    const stat = directory.statAt(name === ".." ? "." : name, false);
    await look.print(lineOf({ directory, path: name, shown: name, stat }, options));
  } catch (thrown) {
    // Its owner may have removed it meanwhile.
    await complainOf(look, name, thrown);
  }
}

function namesOf(directory: Directory, { isAll }: Options): string[] {
  const names: string[] = [];
  for (let cookie = 0n; ;) {
    const batch = directory.entries(cookie, NAMES_BATCH);
    const last = batch.at(-1);
    if (last === undefined) return names;
    cookie = last.cookie;
    for (const { name } of batch) if (isAll || !name.startsWith(".")) names.push(name);
    if (names.length > NAMES_MAX) {
      throw new HostError("overflow", `list a directory of more than ${String(NAMES_MAX)} names`);
    }
  }
}

interface Listed {
  readonly directory: Directory;
  readonly path: string;
  readonly shown: string;
  readonly stat: FileStat;
}

const lettersOfTypes: Readonly<Record<FileStat["type"], string>> = {
  "block-device": "b",
  "character-device": "c",
  "datagram-socket": "s",
  directory: "d",
  fifo: "p",
  "regular-file": "-",
  socket: "s",
  "symbolic-link": "l",
  unknown: "?",
};

/** Owners and modes of the host are nothing that a guest, or whoever looks at it, gets to see. */
function lineOf({ directory, path, shown, stat }: Listed, { isLong }: Options): string {
  const name = printable(shown);
  if (!isLong) return `${name}\n`;
  const modified = new Date(Number(stat.modifiedNs / 1_000_000n)).toISOString().slice(0, 19);
  const target = stat.type === "symbolic-link" ? ` -> ${printable(directory.readLinkAt(path))}` : "";
  return `${lettersOfTypes[stat.type]} ${String(stat.sizeBytes).padStart(12)} ${modified}Z ${name}${target}\n`;
}
