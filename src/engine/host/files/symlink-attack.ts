import {
  closeSync,
  constants,
  mkdirSync,
  mkdtempDisposableSync,
  openSync,
  readdirSync,
  readSync,
  writeFileSync,
} from "node:fs";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { type HostErrorCode, hostErrorCode } from "../host-error.ts";
import { DescriptorBudget } from "./descriptor-budget.ts";
import { O_PATH } from "./descriptor.ts";
import type { Directory } from "./file-types.ts";
import { openDirectoryGrant } from "./mount-tree.ts";
import type { AttackerData } from "./symlink-attacker.ts";

/** What came of an attack. */
export interface AttackReport {
  readonly opens: number;
  readonly successes: number;
  /** Files read, or names made, outside the granted directory. */
  readonly escapes: number;
  readonly errors: Readonly<Partial<Record<HostErrorCode, number>>>;
  /** Rounds of the attacking thread. */
  readonly swaps: number;
}

/** Who is attacked: this file layer, or, to show that the attack works, plain open(2) on whole paths. */
export type AttackTarget = "file-layer" | "plain-open";

interface Tally {
  successes: number;
  escapes: number;
  readonly errors: Partial<Record<HostErrorCode, number>>;
}

/** Opens one path and returns what the file says, or throws. */
type OpenAndRead = (path: string) => string;

const INSIDE = "inside";
const OUTSIDE = "OUTSIDE";

/**
 * Each leads through something that the attacker swaps: a directory, a file, and a directory left again by `..`, which
 * the kernel would take for `outside` while that directory is moved there.
 */
const attackedPaths = ["swapped/secret", "swapped/deep/er/secret", "files/secret", "moving/inner/../../files/secret"];

/** Every so many opens a directory is made and removed through the swapped one. */
const OPENS_PER_CHANGE = 64;

/**
 * Opens paths in a granted directory `opens` times while a thread swaps directories and files on these paths for
 * symlinks to a directory beside the grant, and moves a directory there and back. `escapes` must be zero.
 */
export async function runSymlinkAttack(opens: number, target: AttackTarget): Promise<AttackReport> {
  using scratch = mkdtempDisposableSync(join(tmpdir(), "kwasm-attack-"));
  layOut(scratch.path);
  const stop = new Int32Array(new SharedArrayBuffer(4));
  const data: AttackerData = { scratch: scratch.path, stop };
  const worker = new Worker(new URL("./symlink-attacker.ts", import.meta.url), { workerData: data });
  await once(worker, "message");
  const tally = target === "file-layer" ? attackFileLayer(scratch.path, opens) : attackPlainOpen(scratch.path, opens);
  const finished = once(worker, "message");
  Atomics.store(stop, 0, 1);
  const messages: readonly unknown[] = await finished;
  const made = readdirSync(join(scratch.path, "outside")).filter((name) => name.startsWith("made")).length;
  return { opens, ...tally, escapes: tally.escapes + made, swaps: Number(messages[0]) };
}

function layOut(scratch: string): void {
  for (const path of [
    "granted/swapped/deep/er",
    "granted/files",
    "granted/moving/inner",
    "outside/deep/er",
    "outside/files",
  ]) {
    mkdirSync(join(scratch, path), { recursive: true });
  }
  for (const path of ["swapped", "swapped/deep/er", "files"]) {
    writeFileSync(join(scratch, "granted", path, "secret"), INSIDE);
  }
  for (const path of ["", "deep/er", "files"]) writeFileSync(join(scratch, "outside", path, "secret"), OUTSIDE);
}

function attackFileLayer(scratch: string, opens: number): Tally {
  const fd = openSync(join(scratch, "granted"), O_PATH | constants.O_DIRECTORY);
  using tree = openDirectoryGrant({ guestPath: ".", fd, readOnly: false }, new DescriptorBudget(16));
  using root = tree.openRoot();
  const buffer = Buffer.alloc(OUTSIDE.length);
  return tallyOpens(opens, openAndRead, (index) => changeThrough(root, `swapped/made${index}`));

  function openAndRead(path: string): string {
    using opened = root.openAt(path, { read: true, followFinal: true });
    if (opened.kind === "directory") return INSIDE;
    return buffer.toString("latin1", 0, opened.readAt(buffer, 0n));
  }
}

function attackPlainOpen(scratch: string, opens: number): Tally {
  const buffer = Buffer.alloc(OUTSIDE.length);
  return tallyOpens(opens, openAndRead, () => undefined);

  function openAndRead(path: string): string {
    const fd = openSync(join(scratch, "granted", path), "r");
    const text = buffer.toString("latin1", 0, readSync(fd, buffer));
    closeSync(fd);
    return text;
  }
}

function tallyOpens(opens: number, openAndRead: OpenAndRead, change: (index: number) => void): Tally {
  const tally: Tally = { successes: 0, escapes: 0, errors: {} };
  for (let index = 0; index < opens; index += 1) {
    const path = attackedPaths[index % attackedPaths.length] ?? "swapped/secret";
    attemptCounted(tally, () => {
      if (openAndRead(path) !== INSIDE) tally.escapes += 1;
      tally.successes += 1;
    });
    if (index % OPENS_PER_CHANGE === 0) attemptCounted(tally, () => change(index));
  }
  return tally;
}

/** A directory made outside stays there, for its removal goes through the same path. */
function changeThrough(root: Directory, path: string): void {
  root.createDirectoryAt(path);
  root.removeDirectoryAt(path);
}

function attemptCounted(tally: Tally, call: () => void): void {
  try {
    call();
  } catch (error) {
    const code = hostErrorCode(error);
    tally.errors[code] = (tally.errors[code] ?? 0) + 1;
  }
}
