import { randomUUID } from "node:crypto";
import { systemErrorCode } from "#base";

/** A name for unfinished work on disk, from which anybody can tell whether its writer still lives. */
export function makeScratchName(): string {
  return `${process.pid}-${randomUUID()}.partial`;
}

/** Whether `name` is unfinished work of a process that is gone. */
export function isAbandoned(name: string): boolean {
  return name.endsWith(".partial") && !isAlive(Number.parseInt(name, 10));
}

function isAlive(pid: number): boolean {
  if (!(pid > 0)) return false;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return systemErrorCode(error) === "EPERM";
  }
}
