import { execFileSync } from "node:child_process";
import { cpSync, existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** The example in JavaScript as a component, with the whole of StarlingMonkey in it; built in the user's cache at the first run. */
export function buildJavaScriptComponent(): string {
  const cache = process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache");
  const folder = join(cache, "kwasm-bench", "javascript-http");
  const component = join(folder, "app.wasm");
  if (existsSync(component)) return component;
  cpSync(join(import.meta.dirname, "../../examples/javascript/http"), folder, { recursive: true });
  const options = ["--no-audit", "--no-fund", "--ignore-scripts", "--legacy-peer-deps"];
  execFileSync("npm", ["install", ...options], { cwd: folder, stdio: "inherit" });
  const words = ["index.js", "--wit", "wit", "--world-name", "http", "--out", component];
  execFileSync(join(folder, "node_modules/.bin/componentize-js"), words, { cwd: folder, stdio: "inherit" });
  return component;
}
