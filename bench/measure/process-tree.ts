import { globSync, readFileSync } from "node:fs";

/** A process and all below it. Orphans become children of process 1 of their node, and so stay. */
export function descendantsOf(pid: number): readonly number[] {
  const children = new Map<number, number[]>();
  for (const path of globSync("/proc/[0-9]*/stat")) {
    const [child, parent] = readParent(path);
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), child]);
  }
  const found = [pid];
  for (const one of found) found.push(...(children.get(one) ?? []));
  return found;
}

function readParent(path: string): readonly [number, number | undefined] {
  const pid = Number(path.split("/")[2]);
  try {
    const stat = readFileSync(path, "utf8");
    return [pid, Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1])];
  } catch {
    // It has ended since the folder was read.
    return [pid, undefined];
  }
}
