import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { KwasmError } from "#base";
import { childOf, isEnded, type Namespaces } from "../containerd/namespaces.ts";

/** As much of a log as says why a program ended. */
const LOG_BYTES_SHOWN = 4000;

/** Starts programs that serve, somewhere, with a folder as their working folder and for their logs. */
export interface Launcher {
  readonly directory: string;
  launch(name: string, command: readonly string[]): ServerProcess;
}

/** A program that serves until it is killed. It ends with this process, also when that is killed. */
export class ServerProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  readonly #logPath: string;
  readonly #pidOf: (child: ChildProcess) => number;

  constructor(child: ChildProcess, logPath: string, pidOf: (child: ChildProcess) => number) {
    this.#child = child;
    this.#exited = once(child, "exit");
    this.#logPath = logPath;
    this.#pidOf = pidOf;
  }

  /** The number that the program has on the machine. */
  get pid(): number {
    return this.#pidOf(this.#child);
  }

  /** Throws what the program wrote last, when it has ended. */
  checkAlive(): void {
    if (!isEnded(this.#child)) return;
    const end = readFileSync(this.#logPath, "utf8").slice(-LOG_BYTES_SHOWN);
    throw new KwasmError("internal", `serve by "${this.#child.spawnargs.join(" ")}": it ended, see its log: ${end}`);
  }

  async kill(signal: "SIGTERM" | "SIGQUIT" | "SIGKILL"): Promise<void> {
    if (!isEnded(this.#child)) process.kill(this.pid, signal);
    await this.#exited;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill("SIGKILL");
  }
}

/** Programs run on the machine itself. */
export function machineLauncher(directory: string): Launcher {
  return {
    directory,
    launch(name, command) {
      const logPath = join(directory, `${name}.log`);
      const log = openSync(logPath, "a");
      const words = ["--pdeathsig", "KILL", ...command];
      const child = spawn("setpriv", words, { cwd: directory, stdio: ["ignore", log, log] });
      closeSync(log);
      return new ServerProcess(child, logPath, ({ pid = 0 }) => pid);
    },
  };
}

const script = 'cd "$1"; log=$2; shift 2; exec "$@" >>"$log" 2>&1';

/** Programs run in namespaces, whose end ends them. */
export function namespacesLauncher(namespaces: Namespaces, directory: string, env: NodeJS.ProcessEnv): Launcher {
  return {
    directory,
    launch(name, command) {
      const logPath = join(directory, `${name}.log`);
      const child = namespaces.spawn(["sh", "-c", script, "sh", directory, logPath, ...command], env);
      return new ServerProcess(child, logPath, childOf);
    },
  };
}
