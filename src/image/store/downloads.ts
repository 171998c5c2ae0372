import { randomUUID } from "node:crypto";
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { type Digest, hexOf } from "../digest.ts";
import { isAbandoned } from "../scratch-name.ts";
import { withStoreLock } from "./lock.ts";

/** What a killed download left is of use to the next one; after a day nobody is expected to come back. */
const LEFTOVER_MS_MAX = 24 * 60 * 60 * 1000;

/** A blob on its way that is this process's to write. */
export interface OwnDownload extends AsyncDisposable {
  readonly kind: "own";
  /** Has what an earlier download got, which nobody has verified. */
  readonly path: string;
  /** The content is verified: everybody may have it. */
  finish(): void;
  /** Nobody needs it: the blob is there. */
  drop(): void;
}

/** A blob that somebody else is fetching: `ended` resolves when that one is done with it, whatever came of it. */
export interface OthersDownload {
  readonly kind: "other";
  ended(signal: AbortSignal | undefined): Promise<void>;
}

/**
 * Blobs that are being fetched, by digest: of several that want one, one fetches it, and what a killed one left is
 * continued by the next. Files are `HEX.PID-UUID.partial` while somebody writes them, `HEX.left` while nobody does,
 * `HEX` when they are whole.
 */
export class Downloads {
  readonly #storeDirectory: string;
  readonly #directory: string;
  /** Owners who live and cannot be waited for: in another network namespace, or gone in that moment. */
  readonly #unreachable = new Set<string>();

  constructor(storeDirectory: string) {
    this.#storeDirectory = storeDirectory;
    this.#directory = join(storeDirectory, "downloads");
  }

  wholePath(digest: Digest): string {
    return join(this.#directory, hexOf(digest));
  }

  /** Takes the blob to write it, unless another lives that has. */
  async claim(digest: Digest): Promise<OwnDownload | OthersDownload> {
    mkdirSync(this.#directory, { recursive: true });
    const uuid = randomUUID();
    const waiters = new Set<Socket>();
    // Who waits is connected before the claim is seen, so that nobody misses its end.
    const server = await listen(uuid, waiters);
    const name = `${hexOf(digest)}.${process.pid}-${uuid}.partial`;
    const other = withStoreLock(this.#storeDirectory, () => this.#take(digest, name));
    if (other === undefined) return this.#own(digest, name, () => release(server, waiters));
    await release(server, waiters);
    return { kind: "other", ended: (signal) => this.#waitForEnd(other, signal) };
  }

  #take(digest: Digest, name: string): string | undefined {
    const start = `${hexOf(digest)}.`;
    const rests = readdirSync(this.#directory)
      .filter((entry) => entry.startsWith(start))
      .map((entry) => entry.slice(start.length));
    const live = rests.find((rest) => isOwned(rest) && !isAbandoned(rest) && !this.#unreachable.has(rest));
    if (live !== undefined) return live;
    const left = rests.find((rest) => !isOwned(rest) || isAbandoned(rest));
    const path = join(this.#directory, name);
    if (left === undefined) closeSync(openSync(path, "wx", 0o644));
    else renameSync(join(this.#directory, `${start}${left}`), path);
    return undefined;
  }

  #own(digest: Digest, name: string, end: () => Promise<void>): OwnDownload {
    const path = join(this.#directory, name);
    return {
      kind: "own",
      path,
      finish: () => {
        syncFile(path);
        renameSync(path, this.wholePath(digest));
      },
      drop: () => rmSync(path, { force: true }),
      [Symbol.asyncDispose]: async () => {
        if (existsSync(path)) renameSync(path, join(this.#directory, `${hexOf(digest)}.left`));
        await end();
      },
    };
  }

  async #waitForEnd(owner: string, signal: AbortSignal | undefined): Promise<void> {
    const socket = connect(socketOf(owner.slice(owner.indexOf("-") + 1, -".partial".length)));
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = (): void => void socket.destroy();
    signal?.addEventListener("abort", cancel, { once: true });
    socket.on("error", () => this.#unreachable.add(owner)).on("close", () => resolve());
    socket.resume();
    await promise;
    signal?.removeEventListener("abort", cancel);
    signal?.throwIfAborted();
  }

  /** Removes whole blobs, which are elsewhere now. */
  forget(digests: Iterable<Digest>): void {
    for (const digest of digests) rmSync(this.wholePath(digest), { force: true });
  }

  /** Removes what was left longer ago than `ageMsMax`, which is a day unless given. */
  prune(nowMs: number, ageMsMax = LEFTOVER_MS_MAX): void {
    if (!existsSync(this.#directory)) return;
    withStoreLock(this.#storeDirectory, () => {
      for (const name of readdirSync(this.#directory)) {
        const path = join(this.#directory, name);
        const rest = name.slice(name.indexOf(".") + 1);
        if (isOwned(rest) && !isAbandoned(rest)) continue;
        if (nowMs - statSync(path).mtimeMs > ageMsMax) rmSync(path, { force: true });
      }
    });
  }
}

function isOwned(rest: string): boolean {
  return rest.endsWith(".partial");
}

/** A socket without a file, which is there exactly as long as its process; unix(7), abstract names. */
function socketOf(uuid: string): string {
  return `\0kwasm-download-${uuid}`;
}

async function listen(uuid: string, waiters: Set<Socket>): Promise<Server> {
  const server = createServer((socket) => {
    waiters.add(socket);
    socket.on("close", () => waiters.delete(socket)).on("error", () => socket.destroy());
    socket.resume();
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject).listen(socketOf(uuid), resolve);
  await promise;
  return server;
}

async function release(server: Server, waiters: ReadonlySet<Socket>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  for (const socket of waiters) socket.destroy();
  await promise;
}

function syncFile(path: string): void {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
