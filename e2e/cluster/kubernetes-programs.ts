import { execFile } from "node:child_process";
import { hash } from "node:crypto";
import { cpSync, existsSync, globSync, readFileSync, symlinkSync } from "node:fs";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { cachePath, openCachedFolder } from "../containerd/cached-folder.ts";
import { lockFile } from "./file-lock.ts";

/** The release that go/go.mod asks for. */
export const kubernetesVersion = "v1.34.4";

const sources = join(import.meta.dirname, "go");

/** All of Kubernetes takes four minutes on two processors that have nothing else to do. */
const BUILD_MS_MAX = 1_500_000;

const run = promisify(execFile);

/** The names by which go/kubernetes/main.go is started. */
const names = [
  "certificates",
  "kube-apiserver",
  "kube-controller-manager",
  "kube-proxy",
  "kube-scheduler",
  "kubelet",
  "metrics-server",
] as const;

export interface KubernetesPrograms {
  /** The folder with the programs of Kubernetes, by the names that they always have. */
  readonly directory: string;
  readonly coredns: string;
}

/**
 * Kubernetes with metrics-server, and CoreDNS, built on their first use of the modules in go/go.mod, each checked against
 * its go.sum. One process builds, others that ask meanwhile wait for it.
 */
export async function openKubernetesPrograms(): Promise<KubernetesPrograms> {
  const name = join("kubernetes", `${kubernetesVersion}-${process.arch}-${hashSources()}`);
  if (!existsSync(cachePath(name))) {
    await using _lock = await lockFile(`${cachePath(name)}.lock`);
    await openCachedFolder(name, build);
  }
  return { directory: cachePath(name), coredns: join(cachePath(name), "coredns") };
}

function hashSources(): string {
  const files = globSync("{go.mod,go.sum,*/*.go}", { cwd: sources }).toSorted();
  const texts = files.map((file) => `${file}\n${readFileSync(join(sources, file), "utf8")}`);
  return hash("sha256", texts.join("")).slice(0, 12);
}

async function build(folder: string): Promise<void> {
  // Go may complete go.mod, so the tree's own stays out of it.
  await using copy = await mkdtempDisposable(join(tmpdir(), "kwasm-kubernetes-"));
  cpSync(sources, copy.path, { recursive: true });
  const options = ["-trimpath", "-buildvcs=false", `-ldflags=${linkerFlags()}`];
  // Kubernetes may ask for a newer Go than the machine's, which Go then gets by itself, as a module.
  const env = { ...process.env, CGO_ENABLED: "0", GOTOOLCHAIN: "auto", GOFLAGS: "" };
  const command = ["build", ...options, "-o", `${folder}/`, "./kubernetes", "./coredns"];
  await run("go", command, { cwd: copy.path, env, timeout: BUILD_MS_MAX });
  for (const name of names) symlinkSync("kubernetes", join(folder, name));
}

/** Without the stamp a program says that it is v0.0.0, and clients refuse to be compatible with it. */
function linkerFlags(): string {
  const [, major, minor] = /^v(\d+)\.(\d+)/.exec(kubernetesVersion) ?? [];
  const stamps = ["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"].flatMap((module) => [
    `-X ${module}.gitVersion=${kubernetesVersion}`,
    `-X ${module}.gitMajor=${major}`,
    `-X ${module}.gitMinor=${minor}`,
  ]);
  return ["-s", "-w", ...stamps].join(" ");
}
