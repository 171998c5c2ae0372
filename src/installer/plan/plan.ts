import type { FileOwner, HostFile, HostReader } from "../host/host.ts";
import type { SupportedNode } from "../presets/preset.ts";
import type { OwnHandler } from "./handlers.ts";

/** One file that is to change. */
export interface FileEdit {
  readonly path: string;
  readonly before: HostFile | undefined;
  /** Undefined where the file is removed. */
  readonly after: HostFile | undefined;
  /** What uninstall leaves. */
  readonly restored: HostFile | undefined;
}

/** What is decided of a node's configuration. */
export interface ConfigurationPlan {
  /** In an order in which containerd starts after each of them. */
  readonly edits: readonly FileEdit[];
  readonly handlers: readonly OwnHandler[];
  /** Names of ours that somebody else serves on this node, and how that is known. */
  readonly kept: readonly KeptHandler[];
  /** Files from which tables of other installers go. */
  readonly adopted: readonly string[];
  readonly check: ConfigurationCheck;
}

export interface KeptHandler {
  readonly name: string;
  readonly reason: string;
}

/** What containerd's own parser is shown before the restart: a file of the node, or a text that becomes one. */
export type ConfigurationCheck =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "text"; readonly text: string };

export interface PlanInputs {
  readonly host: HostReader;
  readonly node: SupportedNode;
  readonly directory: string;
  /** Of containerd; 2 for one that is newer. */
  readonly containerdMajor: number;
  /** All that this installer is to register. */
  readonly handlers: readonly OwnHandler[];
  /** What uninstall would make of a file now: given the file without anything of ours or of those whom we replace. */
  restoredOf(path: string, current: HostFile | undefined, base: string | undefined): HostFile | undefined;
}

/** Files that the installer makes are its own user's, who is root on a node. */
export function newFileOwner(mode: number): FileOwner {
  return { mode, uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
}

/** The file with another content, or a new one. */
export function withText(file: HostFile | undefined, text: string): HostFile {
  return { ...(file ?? newFileOwner(0o644)), content: Buffer.from(text) };
}

export function isSameContent(left: HostFile | undefined, right: HostFile | undefined): boolean {
  if (left === undefined || right === undefined) return left === right;
  return left.content.equals(right.content);
}
