import assert from "node:assert/strict";
import { constants, mkdtempDisposableSync, openSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type HostErrorCode, hostErrorCode } from "../host-error.ts";
import { DescriptorBudget } from "./descriptor-budget.ts";
import { O_PATH } from "./descriptor.ts";
import type { Directory, MountTree, OpenOptions, RegularFile } from "./file-types.ts";
import { openDirectoryGrant } from "./mount-tree.ts";

/** A scratch directory of the host, granted as `.`; for tests. */
export interface GrantFixture extends Disposable {
  /** The granted directory on the host. */
  readonly hostPath: string;
  readonly tree: MountTree;
  readonly root: Directory;
  readonly budget: DescriptorBudget;
}

interface GrantFixtureOptions {
  readonly readOnly?: boolean;
  readonly guestPath?: string;
  readonly filesOpenMax?: number;
  /** Fills the host directory before it is granted. */
  readonly fill?: (hostPath: string) => void;
}

/** Makes a scratch directory and grants it; disposing closes the grant and removes the directory. */
export function grantScratch(options: GrantFixtureOptions = {}): GrantFixture {
  const { readOnly = false, guestPath = ".", filesOpenMax = 64 } = options;
  const scratch = mkdtempDisposableSync(join(tmpdir(), "kwasm-files-"));
  options.fill?.(scratch.path);
  const budget = new DescriptorBudget(filesOpenMax);
  const tree = openDirectoryGrant({ guestPath, fd: locateDirectory(scratch.path), readOnly }, budget);
  const root = tree.openRoot();
  return { hostPath: scratch.path, tree, root, budget, [Symbol.dispose]: dispose };

  function dispose(): void {
    tree.close();
    scratch.remove();
  }
}

/** A descriptor of a directory as a control process hands it to a cell. */
export function locateDirectory(path: string): number {
  return openSync(path, O_PATH | constants.O_DIRECTORY);
}

/** A descriptor of a file as a control process hands it to a cell. */
export function locateFile(path: string): number {
  return openSync(path, O_PATH);
}

/** Opens a regular file or fails the test. */
export function openFile(directory: Directory, path: string, options: OpenOptions): RegularFile {
  const opened = directory.openAt(path, options);
  if (opened.kind !== "regular-file") throw new TypeError(`'${path}' is a directory`);
  return opened;
}

/** Opens a directory or fails the test. */
export function openDirectory(directory: Directory, path: string, options: OpenOptions = {}): Directory {
  const opened = directory.openAt(path, options);
  if (opened.kind !== "directory") throw new TypeError(`'${path}' is a file`);
  return opened;
}

/** Everything in a file, as text. */
export function readText(directory: Directory, path: string): string {
  using file = openFile(directory, path, { read: true, followFinal: true });
  const buffer = Buffer.alloc(Number(file.stat().sizeBytes));
  return buffer.toString("utf8", 0, file.readAt(buffer, 0n));
}

/** How a call ended: `ok`, or the code of its error. A handle that it returned is closed. */
function outcomeOf(call: () => Partial<Disposable> | string | void): HostErrorCode | "ok" {
  try {
    const result = call();
    if (typeof result === "object") result[Symbol.dispose]?.();
    return "ok";
  } catch (error) {
    return hostErrorCode(error);
  }
}

/** Asserts how a call ends: `ok`, or the code of its error. */
export function checkOutcome(
  call: () => Partial<Disposable> | string | void,
  expected: HostErrorCode | "ok",
  message = String(call),
): void {
  assert.equal(outcomeOf(call), expected, message);
}

/** Descriptors that this process has open. */
export function countOpenDescriptors(): number {
  return readdirSync("/proc/self/fd").length;
}

/** Writes a host file below a scratch directory. */
export function writeHostFile(hostPath: string, name: string, text = ""): void {
  writeFileSync(join(hostPath, name), text);
}
