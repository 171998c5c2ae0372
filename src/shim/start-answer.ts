import { type FSWatcher, rmSync, watch } from "node:fs";
import type { ClientHttp2Session } from "node:http2";
import { basename, dirname, join } from "node:path";

import { KwasmError, type Log, writeFileAtomic } from "#base";

import { askVersion, connectToContainerd } from "./containerd-version.ts";

/** How long whoever started us waits for containerd's version; it starts containers at the same moment. */
const FIRST_ANSWER_MS_MAX = 1_000;

export interface StartAnswerOptions {
  /** Where the stub reads the answer, and where our socket is. */
  readonly directory: string;
  /** containerd's gRPC socket. */
  readonly containerd: string;
  readonly log: Log;
}

/**
 * Keeps the file of what the stub prints at `start`. containerd 2 takes an answer of version 3, and then asks us for
 * the containers of a pod without starting the stub for each; containerd 1.6 reads an address and nothing else, and 1.7
 * refuses version 3. They do not tell the stub who they are, so we ask; the file is there only while the containerd that
 * answered is, for another may take its place. Where nobody answers there is no file, and the stub prints the address.
 */
export class StartAnswer implements Disposable {
  readonly #options: StartAnswerOptions;
  readonly #path: string;
  #watcher: FSWatcher | undefined;
  #session: ClientHttp2Session | undefined;
  #isAsking = false;
  /** Whether the socket changed while there was a containerd: the next may have taken its place already. */
  #isDue = false;
  #isClosed = false;

  private constructor(options: StartAnswerOptions) {
    this.#options = options;
    this.#path = join(options.directory, "answer");
    rmSync(this.#path, { force: true });
  }

  /** Resolves when the first answer is there, or when it takes too long. */
  static async start(options: StartAnswerOptions): Promise<StartAnswer> {
    const answer = new StartAnswer(options);
    answer.#watch();
    const limit = Promise.withResolvers<void>();
    const timer = setTimeout(limit.resolve, FIRST_ANSWER_MS_MAX);
    await Promise.race([answer.#ask(), limit.promise]);
    clearTimeout(timer);
    return answer;
  }

  /** Idempotent; the file is gone then. */
  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#watcher?.close();
    this.#session?.destroy();
    rmSync(this.#path, { force: true });
  }

  /** containerd makes its socket anew each time it starts. */
  #watch(): void {
    const { containerd, log } = this.#options;
    try {
      this.#watcher = watch(dirname(containerd), { persistent: false }, (_event, name) => {
        if (name === basename(containerd)) void this.#ask();
      });
      this.#watcher.on("error", (error) => log.warn("the folder of containerd's socket is not watched", { error }));
    } catch (error) {
      log.warn("the folder of containerd's socket is not watched", { error });
    }
  }

  async #ask(): Promise<void> {
    if (this.#isClosed) return;
    this.#isDue = this.#isAsking || this.#session !== undefined;
    if (this.#isDue) return;
    this.#isAsking = true;
    const { containerd, log } = this.#options;
    try {
      const session = await connectToContainerd(containerd);
      this.#follow(session);
      this.#write(await askVersion(session));
    } catch (error) {
      log.info("containerd does not say its version; it gets our address alone", {
        reason: KwasmError.from(error, `ask "${containerd}" for its version`).message,
      });
    } finally {
      this.#isAsking = false;
      this.#askAgain();
    }
  }

  #askAgain(): void {
    if (this.#isDue && this.#session === undefined) void this.#ask();
  }

  #follow(session: ClientHttp2Session): void {
    if (this.#isClosed) return session.destroy();
    this.#session = session;
    session.once("close", () => {
      this.#session = undefined;
      rmSync(this.#path, { force: true });
      this.#askAgain();
    });
  }

  #write(version: string): void {
    const isThere = this.#session !== undefined;
    const answer = answerFor(version, join(this.#options.directory, "shim.sock"));
    this.#options.log.info("containerd says its version", { version, isVersion3: answer !== undefined });
    // The answer of one that has ended meanwhile would be kept for the next.
    if (answer !== undefined && isThere) writeFileAtomic(this.#path, `${answer}\n`);
  }
}

/** What containerd of that version gets besides the plain address, if anything: core/runtime/v2/shim.go. */
export function answerFor(version: string, socket: string): string | undefined {
  const major = Number(/^v?(\d{1,9})\./u.exec(version)?.[1] ?? 0);
  if (major < 2) return undefined;
  return JSON.stringify({ version: 3, address: `unix://${socket}`, protocol: "ttrpc" });
}
