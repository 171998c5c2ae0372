import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempDisposableSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";

import { KwasmError } from "#base";
import { childOf, isEnded } from "./namespaces.ts";

const execute = promisify(execFile);

/** A host that has nothing but busybox and, in `/layout`, a layout of ours: no C library, no Node, no other shell. */
export class BareHost implements AsyncDisposable {
  readonly #directory = mkdtempDisposableSync(join(tmpdir(), "kwasm-bare-"));
  #parent: ChildProcess | undefined;
  /** Process 1, by the number that it has on the machine. */
  #pid = 0;

  static async start(layout: string, busybox: string): Promise<BareHost> {
    const host = new BareHost();
    const script = [join(import.meta.dirname, "bare-host.sh"), host.#directory.path, busybox, layout];
    const words = ["--pdeathsig", "KILL", "unshare", "--mount", "--pid", "--fork", "--kill-child", ...script];
    const parent = spawn("setpriv", words, { stdio: ["ignore", "pipe", "pipe"] });
    host.#parent = parent;
    const complaint = text(parent.stderr);
    await Promise.race([once(parent.stdout, "data"), once(parent, "exit")]);
    if (isEnded(parent)) {
      host.#directory.remove();
      throw new KwasmError("failed-precondition", `make a bare host, which needs root: ${(await complaint).trim()}`);
    }
    host.#pid = childOf(parent);
    return host;
  }

  /** Where a file of the host is for this process. */
  path(path: string): string {
    return join("/proc", String(this.#pid), "root", path);
  }

  /** Runs a shell's words on the host, and returns all that they print. */
  async run(script: string): Promise<string> {
    const entered = ["--target", String(this.#pid), "--mount", "--pid", "--root", "--wd=/", "--"];
    const env = { PATH: "/bin" };
    const { stdout, stderr } = await execute("/usr/bin/nsenter", [...entered, "/bin/sh", "-c", script], { env });
    return stdout + stderr;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const parent = this.#parent;
    if (parent !== undefined && !isEnded(parent)) {
      const exited = once(parent, "exit");
      process.kill(this.#pid, "SIGKILL");
      await exited;
    }
    this.#directory.remove();
  }
}
