import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

import { openCachedFolder } from "../containerd/cached-folder.ts";
import { type PackageList, unpackPackages } from "../containerd/debian-packages.ts";

const run = promisify(execFile);

/** A registry of this machine answers at once; what hangs is ended. */
const RUN_MS_MAX = 60_000;

/** Of the oldest suite, since later ones need a later C library; with what it loads and small machines lack. */
const skopeoPackages: PackageList = {
  suite: "bookworm",
  packages: ["skopeo", "libgpgme11", "libassuan0", "libgpg-error0", "libdevmapper1.02.1", "libudev1", "libselinux1"],
};

/** Of the first suite that has it; this Go program needs no C library. */
const orasPackages: PackageList = { suite: "trixie", packages: ["oras"] };

interface RunOptions {
  readonly cwd: string;
}

/** Debian's skopeo, with no policy about signatures. Resolves with what it wrote. */
export async function skopeo(words: readonly string[], { cwd }: RunOptions): Promise<string> {
  const root = await openTool("skopeo", skopeoPackages);
  const folders = ["usr/lib", "lib"].map((folder) => join(root, folder, "x86_64-linux-gnu"));
  const env = { ...process.env, HOME: cwd, LD_LIBRARY_PATH: folders.join(":") };
  return runTool([join(root, "usr/bin/skopeo"), "--insecure-policy", ...words], cwd, env);
}

/** Debian's ORAS. Resolves with what it wrote. */
export async function oras(words: readonly string[], { cwd }: RunOptions): Promise<string> {
  const root = await openTool("oras", orasPackages);
  return runTool([join(root, "usr/bin/oras"), ...words], cwd, { ...process.env, HOME: cwd });
}

function openTool(name: string, list: PackageList): Promise<string> {
  return openCachedFolder(join("registry-tools", name), (folder) => unpackPackages([list], folder));
}

async function runTool([program = "", ...words]: readonly string[], cwd: string, env: object): Promise<string> {
  const { stdout } = await run(program, words, { cwd, env: { ...env }, timeout: RUN_MS_MAX });
  return stdout;
}
