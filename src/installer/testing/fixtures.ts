import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const testdata = join(import.meta.dirname, "../testdata");

/** The nodes of `testdata/nodes`: files of a distribution as it ships them, below its root. */
export const nodeFixtures: readonly string[] = readdirSync(join(testdata, "nodes")).toSorted();

const MEMORY = "/dev/shm";

/** A folder that goes when the test ends. */
export class ScratchFolder implements Disposable {
  /** In memory where that is to be had: the installer waits for the disk after each of its writes. */
  readonly path = mkdtempSync(join(existsSync(MEMORY) ? MEMORY : tmpdir(), "kwasm-installer-"));

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** Folders that Git does not keep, and the programs, which are not looked into. */
const programsOf: Readonly<Record<string, string>> = {
  k3s: "/var/lib/rancher/k3s/data/current/bin/containerd",
  rke2: "/var/lib/rancher/rke2/bin/containerd",
  microk8s: "/snap/microk8s/current/bin/containerd",
  k0s: "/var/lib/k0s/bin/containerd",
};
const socketsOf: Readonly<Record<string, string>> = {
  k3s: "/run/k3s/containerd/containerd.sock",
  rke2: "/run/k3s/containerd/containerd.sock",
  microk8s: "/var/snap/microk8s/common/run/containerd.sock",
  k0s: "/run/k0s/containerd.sock",
};

export interface NodeTree {
  readonly root: string;
  readonly socket: string;
}

/** A node's root in a folder, made of a fixture. The first word of its name is the family of distributions. */
export function layOutNode(fixture: string, folder: string): NodeTree {
  const root = join(folder, "root");
  cpSync(join(testdata, "nodes", fixture), root, { recursive: true });
  const family = (fixture.split("-")[0] ?? "").replace("k3d", "k3s");
  const socket = socketsOf[family] ?? "/run/containerd/containerd.sock";
  for (const name of ["opt", "proc", "usr/bin", "usr/local/bin"]) mkdirSync(join(root, name), { recursive: true });
  for (const file of [programsOf[family] ?? "/usr/bin/containerd", socket]) {
    mkdirSync(join(root, file, ".."), { recursive: true });
    writeFileSync(join(root, file), "");
  }
  if (!fixture.startsWith("k3d")) mkdirSync(join(root, "run/systemd/system"), { recursive: true });
  return { root, socket };
}

/** A layout as `tools/make-layout` makes it, with nothing in its programs. */
export function writeTestLayout(directory: string, version: string, shims: readonly string[]): void {
  const home = join(directory, "lib/kwasm", version);
  const folders = [join(directory, "bin"), join(home, "bin"), join(home, "lib")];
  for (const folder of folders) mkdirSync(folder, { recursive: true });
  for (const shim of shims) writeFileSync(join(directory, "bin", shim), `#!/bin/sh\n# ${version}\n`, { mode: 0o755 });
  writeFileSync(join(home, "bin/node"), version, { mode: 0o755 });
  writeFileSync(join(home, "lib/ld-linux.so"), "", { mode: 0o755 });
  writeFileSync(join(home, "loader"), "ld-linux.so\n");
  writeFileSync(join(directory, "lib/kwasm/current"), `${version}\n`);
}
