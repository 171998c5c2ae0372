import { posix } from "node:path";

import { KwasmError } from "#base";

import type { Preset } from "../presets/preset.ts";
import { serves } from "./containerd.ts";
import { planInstall } from "./install.ts";
import type { Layout } from "./layout.ts";
import { type Node, planNodeConfiguration } from "./node.ts";

/** One thing that was looked at. */
export interface Finding {
  readonly name: string;
  readonly state: "good" | "bad" | "unknown";
  /** What was seen, and what to do where it is bad. */
  readonly message: string;
}

export function examineUnsupported(preset: Preset): readonly Finding[] {
  const verdict = preset.node.kind === "unsupported" ? preset.node.verdict : "";
  return [{ name: "distribution", state: "bad", message: `${preset.title}: ${verdict}` }];
}

/** Looks at all that a Wasm pod needs on the node; changes nothing. */
export async function examine(node: Node, layout: Layout | undefined): Promise<readonly Finding[]> {
  return [
    { name: "distribution", state: "good", message: `${node.preset.title} (${node.preset.name})` },
    examineVersion(node),
    ...(await examineRuntime(node)),
    examineJournal(node),
    ...examineFiles(node, layout),
  ];
}

function examineVersion({ containerd, containerdVersion }: Node): Finding {
  const name = "containerd";
  if (containerdVersion === "") {
    return { name, state: "bad", message: "its program was not found; name the distribution by --distribution" };
  }
  const [major = 0, minor = 0] = containerdVersion.split(".").map(Number);
  const isOld = major < 1 || (major === 1 && minor < 6);
  const message = `${containerdVersion}${containerd.program === undefined ? "" : ` (${containerd.program})`}`;
  return isOld
    ? { name, state: "bad", message: `${message}; 1.6 or later is needed` }
    : { name, state: "good", message };
}

async function examineRuntime(node: Node): Promise<readonly Finding[]> {
  const answer = await node.containerd.ask();
  if (answer === undefined) {
    return [
      { name: "runtime", state: "bad", message: "containerd does not answer; see 'systemctl status' of its unit" },
    ];
  }
  const { handlers } = safePlan(node) ?? { handlers: [] };
  const served = handlers.filter((handler) => serves(answer, [handler])).map(({ name }) => name);
  const missing = handlers.filter((handler) => !serves(answer, [handler])).map(({ name }) => name);
  const others = [...answer.handlers.keys()].filter((name) => !served.some((own) => own === name));
  const message = `served by us: ${served.join(", ") || "none"}; by others: ${others.join(", ") || "none"}`;
  if (missing.length === 0) return [{ name: "handlers", state: "good", message }];
  return [
    { name: "handlers", state: "bad", message: `${message}; missing: ${missing.join(", ")}; run 'kwasm node install'` },
  ];
}

function safePlan(
  node: Node,
): { readonly handlers: ReturnType<typeof planInstall>["configuration"]["handlers"] } | undefined {
  try {
    return planNodeConfiguration(node);
  } catch {
    // Said by the finding on files.
    return undefined;
  }
}

function examineJournal({ state, store }: Node): Finding {
  const name = "journal";
  if (state === undefined) {
    return { name, state: "unknown", message: "nothing was installed here by 'kwasm node install'" };
  }
  switch (state.phase) {
    case "installed":
      return { name, state: "good", message: `"${store.statePath}": version "${state.runtimeVersion}"` };
    case "applying":
      return { name, state: "bad", message: "an install was interrupted; run 'kwasm node install' again" };
    case "removing":
      return { name, state: "bad", message: "an uninstall was interrupted; run 'kwasm node uninstall' again" };
    default:
      return state.phase satisfies never;
  }
}

function examineFiles(node: Node, layout: Layout | undefined): readonly Finding[] {
  const name = "files";
  try {
    const { edits, kept } = planNodeConfiguration(node);
    const all = layout === undefined ? edits : planInstall(node, { layout, shimFiles: [] }).edits;
    const drifted = all.filter(({ before, after }) => !(before !== undefined && after?.content.equals(before.content)));
    const changed = drifted.filter(({ before, after }) => before !== after).map(({ path }) => path);
    const notes = kept.map((handler) => `handler "${handler.name}" is somebody else's: ${handler.reason}`);
    if (changed.length === 0) {
      return [{ name, state: "good", message: ["all are as they should be", ...notes].join("; ") }];
    }
    const shown = changed.map((path) => posix.normalize(path)).join(", ");
    return [{ name, state: "bad", message: `not as they should be: ${shown}; 'kwasm node plan' shows the difference` }];
  } catch (error) {
    return [{ name, state: "bad", message: KwasmError.from(error, "plan").message }];
  }
}
