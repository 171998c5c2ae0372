import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

const JCO_VERSION = "1.35.0";

/** The folder that has jco in it: one in the user's cache, filled at the first run. */
export function fetchJco(): string {
  const cache = process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache");
  const folder = join(cache, "kwasm-bench", `jco-${JCO_VERSION}`);
  if (!existsSync(join(folder, "node_modules/@bytecodealliance/jco"))) {
    mkdirSync(folder, { recursive: true });
    const options = ["--no-audit", "--no-fund", "--ignore-scripts", "--legacy-peer-deps"];
    execFileSync("npm", ["install", ...options, `@bytecodealliance/jco@${JCO_VERSION}`], {
      cwd: folder,
      stdio: "inherit",
    });
  }
  return folder;
}

export function runJco(folder: string, ...words: readonly string[]): string {
  const jco = join(folder, "node_modules/@bytecodealliance/jco/dist/jco.js");
  return execFileSync(process.execPath, [jco, ...words], { encoding: "utf8", cwd: folder, stdio: "pipe" });
}
