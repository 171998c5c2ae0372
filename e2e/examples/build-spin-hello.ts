import { execFile } from "node:child_process";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

import { openRustFor } from "./toolchains.ts";

const example = join(import.meta.dirname, "../../examples/rust/spin-hello");
const target = "wasm32-wasip1";

/** From nothing, on a machine that is busy: the SDK has some hundred crates. */
const BUILD_MS_MAX = 1_200_000;

/** Builds the example of the tutorials from source, in a copy of its folder. */
export async function buildSpinHello(folder: string): Promise<void> {
  cpSync(example, folder, { recursive: true });
  const env = { ...process.env, ...(await openRustFor(target)) };
  const words = ["build", "--quiet", "--locked", "--release", "--target", target];
  await promisify(execFile)("cargo", words, { cwd: folder, env, timeout: BUILD_MS_MAX });
}
