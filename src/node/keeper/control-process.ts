import { spawn, type ChildProcess } from "node:child_process";
import { closeSync } from "node:fs";
import { Socket } from "node:net";

import { KwasmError, type Log } from "#base";

import { createSocketPairs } from "../syscall/descriptor-passing.ts";
import type { Holdings } from "./holdings.ts";
import { KeeperServer } from "./keeper-server.ts";

interface ControlProcessOptions {
  /** Program and arguments. */
  readonly argv: readonly string[];
  readonly holdings: Holdings;
  readonly isFirst: boolean;
  readonly log: Log;
}

/** One life of the control process, with the sockets that it was born with. */
export class ControlProcess implements Disposable {
  readonly pid: number;
  /** The keeper's end of the connection over which it takes calls. */
  readonly calls: Socket;
  /** Resolves when it takes calls; never where it ends before. */
  readonly ready: Promise<void>;
  /** Resolves when it has ended, with how. */
  readonly ended: Promise<string>;
  readonly #child: ChildProcess;
  readonly #server: KeeperServer;

  /** Throws a typed error where it cannot be started. */
  constructor({ argv, holdings, isFirst, log }: ControlProcessOptions) {
    const [[callsFd, callsOfControl], [linesFd, linesOfControl], [packetsFd, packetsOfControl]] = createSocketPairs([
      "stream",
      "stream",
      "packets",
    ]);
    const [program = "", ...words] = argv;
    const ready = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<string>();
    this.ready = ready.promise;
    this.ended = ended.promise;
    this.calls = new Socket({ fd: callsFd, readable: true, writable: true });
    this.calls.on("error", (error) => log.debug("the connection to control broke", { reason: error.message }));
    this.#server = new KeeperServer({
      linesFd,
      packetsFd,
      holdings,
      isFirst,
      log,
      onReady: ready.resolve,
      onBroken: () => this.kill("SIGKILL"),
    });
    try {
      const stdio = ["ignore", "inherit", "inherit", callsOfControl, linesOfControl, packetsOfControl] as const;
      this.#child = spawn(program, words, { stdio: [...stdio] });
    } catch (error) {
      this[Symbol.dispose]();
      throw KwasmError.from(error, `start control "${argv.join(" ")}"`);
    } finally {
      for (const fd of [callsOfControl, linesOfControl, packetsOfControl]) closeSync(fd);
    }
    this.pid = this.#child.pid ?? -1;
    this.#child.once("exit", (code, signal) => ended.resolve(signal ?? `code ${String(code)}`));
    this.#child.on("error", (error) => ended.resolve(error.message));
  }

  kill(signal: "SIGTERM" | "SIGKILL"): void {
    this.#child.kill(signal);
  }

  /** Closes the keeper's ends. Idempotent. */
  [Symbol.dispose](): void {
    this.calls.destroy();
    this.#server[Symbol.dispose]();
  }
}
