import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";

import { KwasmError } from "#base";

/** Waits until no other process holds the lock of a file. The kernel drops it with the process that holds it. */
export async function lockFile(path: string): Promise<AsyncDisposable> {
  mkdirSync(dirname(path), { recursive: true });
  // It holds the lock until its input ends, as it does when this process does.
  const holder = spawn("flock", [path, "sh", "-c", "echo locked; read -r _"], { stdio: ["pipe", "pipe", "inherit"] });
  const exited = once(holder, "exit");
  const isLocked = await Promise.race([once(holder.stdout, "data").then(() => true), exited.then(() => false)]);
  if (!isLocked) throw new KwasmError("internal", `lock "${path}" by flock: it ended with status "${holder.exitCode}"`);
  return {
    async [Symbol.asyncDispose]() {
      holder.stdin.end();
      await exited;
    },
  };
}
