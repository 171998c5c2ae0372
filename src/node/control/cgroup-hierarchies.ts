import { globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, isAbsolute, join, relative } from "node:path";

import { systemErrorCode } from "#base";

/** One tree of cgroups that this process sees: there are several with version 1, and one with version 2; cgroups(7). */
export interface CgroupHierarchy {
  readonly version: "v1" | "v2";
  /** The directory of the cgroup at the top of what is visible. */
  readonly top: string;
  /** The process's own cgroup, as a path below `top` that begins with "/". */
  readonly own: string;
}

interface CgroupMount {
  readonly type: string;
  readonly root: string;
  readonly point: string;
  readonly options: ReadonlySet<string>;
}

/** `root` is where the file system begins, for tests; hierarchies that are not mounted are left out. */
export function readHierarchies(root = "/", process = "self"): readonly CgroupHierarchy[] {
  const mounts = readMounts(join(root, "proc", process, "mountinfo"));
  return readLines(join(root, "proc", process, "cgroup")).flatMap((line): CgroupHierarchy[] => {
    const [, controllers = "", ...rest] = line.split(":");
    const mount = mounts.find((candidate) => isMountOf(candidate, controllers));
    if (mount === undefined) return [];
    const below = relative(mount.root, rest.join(":"));
    // A cgroup outside of what is mounted cannot be named here.
    if (below.startsWith("..") || isAbsolute(below)) return [];
    return [{ version: controllers === "" ? "v2" : "v1", top: join(root, mount.point), own: join("/", below) }];
  });
}

function isMountOf({ type, options }: CgroupMount, controllers: string): boolean {
  if (controllers === "") return type === "cgroup2";
  return type === "cgroup" && controllers.split(",").every((controller) => options.has(controller));
}

/** proc_pid_mountinfo(5): optional fields end with a lone hyphen. */
function readMounts(path: string): readonly CgroupMount[] {
  return readLines(path).flatMap((line) => {
    const [before = "", after = ""] = line.split(" - ");
    const [type = "", , options = ""] = after.split(" ");
    const [, , , root = "", point = ""] = before.split(" ");
    return type === "cgroup" || type === "cgroup2" ? [{ type, root, point, options: new Set(options.split(",")) }] : [];
  });
}

function readLines(path: string): readonly string[] {
  return readFileSync(path, "utf8").trimEnd().split("\n");
}

/**
 * Makes the cgroup below another, which must be there; one that is there already is no error. A cpuset of version 1
 * admits nobody before it has processors and memory, so it takes those of the one above.
 */
export function makeCgroup(above: string, name: string): string {
  const path = join(above, name);
  try {
    mkdirSync(path);
  } catch (error) {
    if (systemErrorCode(error) !== "EEXIST") throw error;
  }
  for (const file of globSync("cpuset.{cpus,mems}", { cwd: above })) {
    const filled = join(path, basename(file));
    if (isEmpty(filled)) writeFileSync(filled, readFileSync(join(above, file)));
  }
  return path;
}

/** With version 2 a cpuset without a value of its own follows the one above, and stays so. */
function isEmpty(path: string): boolean {
  const isVersion2 = globSync("cgroup.controllers", { cwd: join(path, "..") }).length > 0;
  return !isVersion2 && readFileSync(path, "utf8").trim() === "";
}
