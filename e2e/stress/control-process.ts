import { readFileSync } from "node:fs";
import { join } from "node:path";

import { systemErrorCode } from "#base";

import { askUntil } from "../containerd/ask-until.ts";
import type { ContainerdRig } from "../containerd/rig.ts";

/**
 * The files in which processes of ours leave their numbers, as they are inside the rig: the one that answers, and the
 * one that containerd's shims find, which outlives it. Where there is no first file, one process is both.
 */
const marks = { control: ["control.pid", "pid"], keeper: ["pid"] } as const;

type Mark = keyof typeof marks;

/** "PID STARTTIME" of a process, or undefined where none has left it. */
export function readMark(rig: ContainerdRig, mark: Mark): string | undefined {
  for (const file of marks[mark]) {
    try {
      const text = readFileSync(join(`${rig.address}.kwasm`, file), "utf8").trim();
      if (text !== "") return text;
    } catch (error) {
      if (systemErrorCode(error) !== "ENOENT") throw error;
    }
  }
  return undefined;
}

/** Kills a process of ours by SIGKILL; waits until there is another one than `last`. Returns its mark. */
export async function killMarked(rig: ContainerdRig, mark: Mark, last?: string): Promise<string> {
  const found = await askUntil(`another ${mark} than "${last ?? ""}"`, async () => {
    const now = readMark(rig, mark);
    return now === last ? undefined : now;
  });
  await rig.run(["kill", "-KILL", found.split(" ")[0] ?? ""]);
  return found;
}
