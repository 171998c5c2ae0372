import { execFile } from "node:child_process";
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { KwasmError, systemErrorCode } from "#base";

/** The containerds that the rig knows, and the Debian suites that have them. */
const suites = { "1.6": "bookworm", "1.7": "trixie", "2": "sid" } as const;

export type ContainerdVersion = keyof typeof suites;
export const containerdVersions: readonly ContainerdVersion[] = ["1.6", "1.7", "2"];

/** Of the containerd's own suite; these Go programs need no newer C library than the oldest suite's. */
const ownPackages = ["containerd", "containernetworking-plugins"] as const;

/** Of the oldest suite for all: later runcs need a C library that is newer than that of a machine of that suite. */
const OLDEST_SUITE = "bookworm";
const oldestPackages = ["runc", "libseccomp2", "busybox-static"] as const;

/** A slow mirror may take long, one that says nothing for ten minutes is not there. */
const FETCH_MS_MAX = 600_000;

const run = promisify(execFile);

/** What a rig starts, unpacked in a folder of its own: nothing of it is installed on the machine. */
export interface Prefix {
  readonly version: ContainerdVersion;
  /** Folders of programs, for PATH. */
  readonly programs: readonly string[];
  /** Folders of shared libraries, for LD_LIBRARY_PATH. */
  readonly libraries: readonly string[];
  readonly cniPlugins: string;
  /** A static busybox: the rig's own tools, and what native containers run. */
  readonly busybox: string;
}

/**
 * The prefix of a containerd, fetched on its first use by the machine's own apt, which checks every package against
 * the signed index. The cache is outside the tree and may be deleted at any time; it is never updated, so delete it to
 * get a newer patch release.
 */
export async function openPrefix(version: ContainerdVersion): Promise<Prefix> {
  const cache = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "kwasm", "containerd");
  const root = join(cache, version);
  if (!existsSync(root)) await fetchPrefix(version, cache, root);
  return {
    version,
    programs: ["usr/bin", "usr/sbin"].map((folder) => join(root, folder)),
    libraries: globSync(join(root, "usr/lib/*-linux-gnu")),
    cniPlugins: join(root, "usr/lib/cni"),
    busybox: join(root, "bin/busybox"),
  };
}

/** Unpacks beside the cache's entry and renames; of several that fetch at once the first wins, the others' is dropped. */
async function fetchPrefix(version: ContainerdVersion, cache: string, root: string): Promise<void> {
  mkdirSync(cache, { recursive: true });
  const scratch = mkdtempSync(join(cache, ".fetch-"));
  try {
    const unpacked = join(scratch, "root");
    await fetchPackages(suites[version], ownPackages, { scratch, unpacked });
    await fetchPackages(OLDEST_SUITE, oldestPackages, { scratch, unpacked });
    renameSync(unpacked, root);
  } catch (error) {
    if (systemErrorCode(error) === "ENOTEMPTY") return;
    throw KwasmError.from(error, `fetching containerd "${version}" by apt-get`);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

interface FetchFolders {
  readonly scratch: string;
  readonly unpacked: string;
}

async function fetchPackages(suite: string, packages: readonly string[], folders: FetchFolders): Promise<void> {
  const apt = mkdtempSync(join(folders.scratch, "apt-"));
  for (const name of ["lists/partial", "cache/archives/partial", "sources", "debs"]) {
    mkdirSync(join(apt, name), { recursive: true });
  }
  writeFileSync(join(apt, "status"), "");
  writeFileSync(join(apt, "sources", "suite.sources"), sourcesOf(suite));
  const options = { cwd: join(apt, "debs"), timeout: FETCH_MS_MAX };
  await run("apt-get", [...aptOptions(apt), "update"], options);
  await run("apt-get", [...aptOptions(apt), "download", ...packages], options);
  for (const file of globSync(join(apt, "debs", "*.deb"))) await run("dpkg-deb", ["-x", file, folders.unpacked]);
}

/** Points apt at a state of its own, so that the machine's sources, lists and cache are neither used nor changed. */
function aptOptions(apt: string): readonly string[] {
  const settings = {
    "Dir::Etc::sourcelist": "/dev/null",
    "Dir::Etc::sourceparts": join(apt, "sources"),
    "Dir::State::lists": join(apt, "lists"),
    "Dir::State::status": join(apt, "status"),
    "Dir::Cache": join(apt, "cache"),
    "APT::Sandbox::User": "root",
    "Acquire::Languages": "none",
  };
  return ["-qq", ...Object.entries(settings).map(([name, value]) => `-o${name}=${value}`)];
}

/** The machine's own Debian sources with another suite: mirror, proxy and keys stay what its owner chose. */
function sourcesOf(suite: string): string {
  const files = globSync("/etc/apt/sources.list.d/*.sources");
  const entries = files.flatMap((file) => readFileSync(file, "utf8").split(/\n{2,}/));
  const debian = entries.filter((entry) => /^Types:.*\bdeb\b/m.test(entry) && /^Suites: *[a-z]+( |$)/m.test(entry));
  if (debian.length > 0) return debian.map((entry) => entry.replace(/^Suites:.*$/m, `Suites: ${suite}`)).join("\n\n");
  throw new KwasmError(
    "unsupported",
    `finding the machine's Debian sources for suite "${suite}": none in "/etc/apt/sources.list.d/*.sources"; ` +
      "run these tests on Debian 12 or newer",
  );
}
