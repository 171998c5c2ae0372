import assert from "node:assert/strict";
import { test } from "node:test";

import type { Share } from "../settings.ts";
import { readSettings } from "../settings.ts";
import type { NodeView } from "./node-view.ts";
import { mayUpgrade } from "./upgrade-gate.ts";
import type { WorkView } from "./work-view.ts";

const plain: NodeView = {
  name: "",
  uid: "u",
  annotation: "true",
  isLabelWish: false,
  isReady: true,
  isLeaving: false,
  isLabelled: true,
  hasLabel: true,
  installation: undefined,
  taints: [],
  bootId: "b",
  labels: {},
  operatingSystem: "linux",
  architecture: "amd64",
  shims: {},
  condition: undefined,
};

const job: WorkView = {
  name: "job",
  uid: "j",
  nodeUid: "u",
  image: "new",
  state: "failed",
  isLeaving: false,
  failedAttempts: 3,
  endedMs: 0,
  message: "",
  bootId: "b",
};

/** Nodes by what they are doing: `old`, `moving` and `failed` to the new image, `probing` it, `new`, or `first` time. */
type Doing = "old" | "moving" | "failed" | "probing" | "new" | "first" | "unwanted";

function check(doings: readonly Doing[], maxUnavailable: Share, expected: boolean): void {
  const nodes = doings.map((doing, at) => ({ ...nodeOf(doing), name: `${doing}-${String(at)}` }));
  const settings = { ...readSettings({ CONTROLLER_NAMESPACE: "k", INSTALLER_IMAGE: "new" }, ""), maxUnavailable };
  assert.equal(mayUpgrade(nodes, jobOf, settings), expected);
}

function jobOf({ name }: NodeView): WorkView | undefined {
  if (name.startsWith("moving")) return { ...job, state: "running" };
  return name.startsWith("failed") || name.startsWith("first") ? job : undefined;
}

function nodeOf(doing: Doing): NodeView {
  if (doing === "first") return plain;
  if (doing === "unwanted") return { ...plain, annotation: undefined };
  const isNew = doing === "new" || doing === "probing";
  const verifiedBoot = doing === "probing" ? undefined : "b";
  return { ...plain, installation: { image: isNew ? "new" : "old", version: "1", hasReport: true, verifiedBoot } };
}

const rows: readonly (readonly [string, readonly Doing[], Share, boolean])[] = [
  ["the first of them may", ["old", "old"], { count: 1 }, true],
  ["one waits for another that is on its way", ["old", "moving"], { count: 1 }, false],
  ["one waits until the other's probe has run", ["old", "probing"], { count: 1 }, false],
  ["a node that failed stops the rest", ["old", "failed", "new"], { count: 1 }, false],
  ["two at once", ["old", "moving", "old"], { count: 2 }, true],
  ["two at once and no third", ["old", "moving", "moving"], { count: 2 }, false],
  ["those that are done are no hindrance", ["old", "new", "new"], { count: 1 }, true],
  ["a node that gets its first runtime is none", ["old", "first"], { count: 1 }, true],
  ["nodes that want none do not count", ["old", "moving", "unwanted", "unwanted"], { percent: 50 }, false],
  ["a part is rounded down", ["old", "moving", "new"], { percent: 50 }, false],
  ["a part of few is one", ["old", "new"], { percent: 10 }, true],
];

for (const [name, doings, share, expected] of rows) test(`an upgrade: ${name}`, () => check(doings, share, expected));
