import { mkdtempDisposableSync } from "node:fs";
import { connect, createServer } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { KwasmError } from "#base";
import { machineLauncher, type ServerProcess } from "../cluster/server-process.ts";
import { askUntil } from "../containerd/ask-until.ts";
import { openCachedFolder } from "../containerd/cached-folder.ts";
import { unpackPackages } from "../containerd/debian-packages.ts";

/** Where Debian's libraries are on the machines that the tests run on. */
const libraries = ["usr/lib/x86_64-linux-gnu", "usr/lib/aarch64-linux-gnu"];

/** A program of Debian that serves, unpacked into the cache and not installed. */
export interface DebianProgram {
  readonly name: string;
  readonly packages: readonly string[];
}

/** The words that run a program of unpacked packages, whose first is its path in them. */
export async function commandOf(
  { name, packages }: DebianProgram,
  words: readonly string[],
): Promise<readonly string[]> {
  const root = await openCachedFolder(join("data-servers", name), (folder) =>
    unpackPackages([{ suite: "bookworm", packages }], folder),
  );
  const [program = "", ...rest] = words;
  const path = libraries.map((library) => join(root, library)).join(":");
  return ["env", `LD_LIBRARY_PATH=${path}`, "LC_ALL=C", join(root, program), ...rest];
}

/** How a server is started in a folder of its own, on a port of this machine. */
export interface ServerStart {
  readonly name: string;
  /** Prepares the folder, and gives the command that serves there. */
  readonly prepare: (directory: string, port: number) => Promise<readonly string[]>;
  /** What ends it at once and leaves nothing behind; SIGKILL unless given. */
  readonly endSignal?: "SIGQUIT";
}

/** A server with its folder, both of which are gone at the end, however that comes. */
export class DataServer implements AsyncDisposable {
  readonly #stack: AsyncDisposableStack;
  readonly port: number;
  readonly directory: string;

  static async start({ name, prepare, endSignal }: ServerStart): Promise<DataServer> {
    await using stack = new AsyncDisposableStack();
    const directory = stack.use(mkdtempDisposableSync(join(tmpdir(), `kwasm-${name}-`))).path;
    const port = await freePort();
    const server = stack.use(machineLauncher(directory).launch(name, await prepare(directory, port)));
    if (endSignal !== undefined) stack.defer(() => server.kill(endSignal));
    await askUntil(`a ${name} that serves`, () => answers(server, port));
    return new DataServer(stack.move(), { port, directory });
  }

  private constructor(
    stack: AsyncDisposableStack,
    { port, directory }: { readonly port: number; readonly directory: string },
  ) {
    this.#stack = stack;
    this.port = port;
    this.directory = directory;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

async function answers(server: ServerProcess, port: number): Promise<true | undefined> {
  server.checkAlive();
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    // It does not listen yet.
    return undefined;
  } finally {
    socket.destroy();
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address !== null && typeof address === "object") return address.port;
  throw new KwasmError("internal", "find a free port: a listening socket has none");
}
