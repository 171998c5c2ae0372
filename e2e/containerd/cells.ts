import { readdirSync, readlinkSync, statSync } from "node:fs";

import { systemErrorCode } from "#base";

import { askUntil } from "./ask-until.ts";
import { readProcesses } from "./process-figures.ts";
import type { ContainerdRig } from "./rig.ts";

interface Cells {
  /** Those that guests are in, by their numbers on the machine. */
  readonly used: readonly number[];
  /** The spare one, and those that wait for a user to come back. */
  readonly unused: readonly number[];
}

export function listCells(rig: ContainerdRig): Cells {
  const cells = readProcesses(rig.listProcesses()).filter(({ command }) => /\/cell(?:\.js|\/main\.ts)/.test(command));
  const { used = [], unused = [] } = Object.groupBy(cells, ({ pid }) => (hasGuest(pid) ? "used" : "unused"));
  return { used: used.map(({ pid }) => pid), unused: unused.map(({ pid }) => pid) };
}

/** Resolves when the spare cell that follows the first guest of a rig is there, and it stays there. */
export async function waitForSpareCell(rig: ContainerdRig): Promise<void> {
  await askUntil("the spare cell", () => Promise.resolve(listCells(rig).unused.length === 1 || undefined));
}

/** Guests write to FIFOs of containerd, which have names; a cell opens none for itself. */
function hasGuest(pid: number): boolean {
  const folder = `/proc/${String(pid)}/fd`;
  try {
    return readdirSync(folder).some((fd) => {
      return readlinkSync(`${folder}/${fd}`).startsWith("/") && statSync(`${folder}/${fd}`).isFIFO();
    });
  } catch (error) {
    if (["ENOENT", "ESRCH"].includes(systemErrorCode(error) ?? "")) return false;
    throw error;
  }
}
