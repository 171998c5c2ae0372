import { createHash } from "node:crypto";

import { KwasmError } from "#base";

import type { FileOwner, Host, HostFile } from "../host/host.ts";
import { newFileOwner } from "../plan/plan.ts";
import type { ShimOptions } from "../shims/shim-request.ts";

/**
 * The installer's journal on the node. It is written before anything that it tells of is done, so that whoever comes next
 * can finish or undo.
 */
export interface InstallState {
  readonly stateVersion: 1;
  /** `applying` and `removing`: somebody was interrupted, or is at work. */
  readonly phase: "applying" | "installed" | "removing";
  readonly distribution: string;
  readonly runtimeVersion: string;
  /** Whether our own runtime is installed, or shims of others only. */
  readonly hasRuntime: boolean;
  readonly shims: readonly ShimRecord[];
  readonly files: readonly FileRecord[];
  /** Folders that were made, outermost first. */
  readonly directories: readonly string[];
  /** What to go back to when this does not succeed; null for a node without ours. */
  readonly previous: InstallState | null;
}

/** A shim of somebody else that is installed. */
export interface ShimRecord {
  readonly name: string;
  readonly handler: string;
  readonly path: string;
  readonly options: ShimOptions;
}

export interface FileRecord {
  readonly path: string;
  /** The digest of what we wrote; null where we removed the file. */
  readonly after: string | null;
  readonly before: SavedFile | null;
  /** What uninstall leaves where nobody has changed the file since. */
  readonly restored: SavedFile | null;
}

/** A file whose content is kept beside the journal under its digest. */
export interface SavedFile extends FileOwner {
  readonly sha256: string;
}

/** A journal has about 30 files of some hundred bytes. */
const STATE_BYTES_MAX = 1024 * 1024;

function digestOf(content: Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

export function digestOfFile(file: HostFile | undefined): string | null {
  return file === undefined ? null : digestOf(file.content);
}

/** The journal and its copies of files, in the installer's folder on the node. */
export class StateStore {
  readonly #host: Host;
  readonly #directory: string;

  constructor(host: Host, directory: string) {
    this.#host = host;
    this.#directory = directory;
  }

  get statePath(): string {
    return `${this.#directory}/install-state.json`;
  }

  get backupDirectory(): string {
    return `${this.#directory}/backup`;
  }

  /** Throws `corrupt` for a journal that is none of ours: what it says is needed to undo, so it is not passed over. */
  read(): InstallState | undefined {
    const file = this.#host.readFile(this.statePath);
    return file === undefined ? undefined : parseState(this.statePath, file.content);
  }

  write(state: InstallState): void {
    this.#host.writeFile(this.statePath, Buffer.from(`${JSON.stringify(state, undefined, 2)}\n`), newFileOwner(0o600));
  }

  save(file: HostFile | undefined): SavedFile | null {
    if (file === undefined) return null;
    const sha256 = digestOf(file.content);
    const path = `${this.backupDirectory}/${sha256}`;
    if (!this.#host.isThere(path)) this.#host.writeFile(path, file.content, newFileOwner(0o600));
    return { sha256, mode: file.mode, uid: file.uid, gid: file.gid };
  }

  load(saved: SavedFile | null): HostFile | undefined {
    if (saved === null) return undefined;
    const path = `${this.backupDirectory}/${saved.sha256}`;
    const file = this.#host.readFile(path);
    if (file === undefined || digestOf(file.content) !== saved.sha256) {
      throw new KwasmError(
        "corrupt",
        `restore a file of "${path}": it is not there or was changed; restore it by hand`,
      );
    }
    return { content: file.content, mode: saved.mode, uid: saved.uid, gid: saved.gid };
  }

  /** Removes copies that no journal names any more. */
  prune(state: InstallState): void {
    const saved = [...state.files, ...(state.previous?.files ?? [])].flatMap(({ before, restored }) => [
      before,
      restored,
    ]);
    const named = new Set(saved.map((file) => file?.sha256));
    for (const name of this.#host.list(this.backupDirectory)) {
      if (!named.has(name)) this.#host.removeFile(`${this.backupDirectory}/${name}`);
    }
  }
}

function parseState(path: string, content: Buffer): InstallState {
  const wrong = (reason: string): KwasmError =>
    new KwasmError(
      "corrupt",
      `read the installer's journal "${path}": ${reason}; compare the node's files with its "backup"`,
    );
  if (content.byteLength > STATE_BYTES_MAX) throw wrong("it is larger than a journal can be");
  try {
    const value: unknown = JSON.parse(content.toString());
    if (isState(value)) return value;
  } catch (error) {
    throw wrong(String(error));
  }
  throw wrong("it is of another version");
}

function isState(value: unknown): value is InstallState {
  if (!isRecord(value) || value["stateVersion"] !== 1) return false;
  const { phase, hasRuntime, directories, previous } = value;
  return (
    ["applying", "installed", "removing"].some((known) => known === phase) &&
    typeof hasRuntime === "boolean" &&
    hasTexts(value, ["distribution", "runtimeVersion"]) &&
    isListOf(value["shims"], isShimRecord) &&
    isListOf(value["files"], isFileRecord) &&
    isListOf(directories, (directory) => typeof directory === "string") &&
    (previous === null || isState(previous))
  );
}

function isListOf(value: unknown, isElement: (element: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(isElement);
}

function hasTexts(value: Readonly<Record<string, unknown>>, fields: readonly string[]): boolean {
  return fields.every((field) => typeof value[field] === "string");
}

function isShimRecord(value: unknown): boolean {
  if (!isRecord(value) || !isRecord(value["options"])) return false;
  return hasTexts(value, ["name", "handler", "path"]);
}

function isFileRecord(value: unknown): boolean {
  if (!isRecord(value) || typeof value["path"] !== "string") return false;
  const { after, before, restored } = value;
  return (after === null || typeof after === "string") && [before, restored].every(isSaved);
}

function isSaved(value: unknown): boolean {
  if (value === null) return true;
  if (!isRecord(value) || typeof value["sha256"] !== "string" || !/^[0-9a-f]{64}$/u.test(value["sha256"])) return false;
  return ["mode", "uid", "gid"].every((name) => Number.isSafeInteger(value[name]));
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
