import { globSync, mkdirSync, readFileSync, rmdirSync, statfsSync, writeFileSync } from "node:fs";
import { basename, join, relative } from "node:path";

import { KwasmError } from "#base";

/** Where every distribution mounts them. */
const MOUNT_POINT = "/sys/fs/cgroup";

/** `CGROUP2_SUPER_MAGIC` of statfs(2). */
const CGROUP2_TYPE = 0x63677270;

/**
 * A cgroup of that name in every hierarchy. With cgroup v1 they are below this process's own. In the one of cgroup v2 it
 * is at the top: this process's own has processes, and so cannot give controllers to others below.
 */
export function makeCgroups(name: string): readonly string[] {
  const parents = statfsSync(MOUNT_POINT).type === CGROUP2_TYPE ? [MOUNT_POINT] : readOwnCgroups();
  try {
    return parents.map((parent) => makeCgroup(parent, name));
  } catch (error) {
    throw KwasmError.from(error, `making cgroup "${name}", which needs root`);
  }
}

/**
 * Makes a cgroup with the parents that it lacks, and returns its path. A cpuset admits nobody before it has processors
 * and memory, so each takes those of the one above.
 */
export function makeCgroup(above: string, path: string): string {
  return path.split("/").filter(Boolean).reduce(makeOneCgroup, above);
}

function makeOneCgroup(parent: string, name: string): string {
  const path = join(parent, name);
  mkdirSync(path, { recursive: true });
  for (const file of globSync(join(parent, "cpuset.{cpus,mems}"))) {
    writeFileSync(join(path, basename(file)), readFileSync(file));
  }
  return path;
}

/** All cgroups below, the given one included, children first. */
export function listCgroups(cgroup: string): readonly string[] {
  return globSync(join(cgroup, "**/cgroup.procs"))
    .map((file) => join(file, ".."))
    .sort((left, right) => right.length - left.length);
}

/** Removes a cgroup in which no process is left, with all below. */
export function removeCgroup(cgroup: string): void {
  for (const path of listCgroups(cgroup)) rmdirSync(path);
}

/** Processes in a cgroup and below, as numbers of this process's own namespace. */
export function listProcesses(cgroup: string): readonly number[] {
  return listCgroups(cgroup).flatMap((path) =>
    readFileSync(join(path, "cgroup.procs"), "utf8").trim().split("\n").filter(Boolean).map(Number),
  );
}

/** The directory of this process's cgroup in each v1 hierarchy; cgroups(7). */
function readOwnCgroups(): readonly string[] {
  const mounts = readMounts();
  return readLines("/proc/self/cgroup").flatMap((line) => {
    const [, controllers = "", path = ""] = line.split(":");
    if (controllers === "") return [];
    const mount = mounts.find(({ options }) => controllers.split(",").every((controller) => options.has(controller)));
    return mount === undefined ? [] : [join(mount.point, relative(mount.root, path))];
  });
}

interface CgroupMount {
  readonly root: string;
  readonly point: string;
  readonly options: ReadonlySet<string>;
}

/** The v1 hierarchies of proc_pid_mountinfo(5). */
function readMounts(): readonly CgroupMount[] {
  return readLines("/proc/self/mountinfo").flatMap((line) => {
    const [before = "", after = ""] = line.split(" - ");
    const [type, , options = ""] = after.split(" ");
    const [, , , root = "", point = ""] = before.split(" ");
    return type === "cgroup" ? [{ root, point, options: new Set(options.split(",")) }] : [];
  });
}

function readLines(path: string): readonly string[] {
  return readFileSync(path, "utf8").trimEnd().split("\n");
}
