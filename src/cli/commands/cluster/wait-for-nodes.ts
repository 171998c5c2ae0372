import { createLog, KwasmError } from "#base";
import { type Change, createInformer, type KubeClient, resourceTypes } from "#kube";
import { type NodeView, viewNode } from "#operator";

import type { Io } from "../../frame/io.ts";
import { type Judge, type Verdict, waitsForOperator } from "./judge-node.ts";

interface WaitOptions {
  readonly client: KubeClient;
  readonly names: readonly string[];
  readonly judge: Judge;
  /** Failures of before, which the operator has not looked at again since something was asked of it. */
  readonly earlier: ReadonlyMap<string, string>;
  readonly timeoutMs: number;
}

/** Prints each step of each node until all have ended or the time is up; answers how they ended. */
export async function waitForNodes(options: WaitOptions, io: Io): Promise<ReadonlyMap<string, Verdict>> {
  const { client, names, timeoutMs } = options;
  const progress = new Progress(options, (line) => void io.stdout.write(line));
  const stop = new AbortController();
  const timeout = AbortSignal.timeout(timeoutMs);
  const interrupted = io.interrupted();
  const ended = AbortSignal.any([stop.signal, timeout, interrupted]);
  // A watch that cannot be renewed is the only thing that it has to say.
  const log = createLog({ level: "warn", write: (line) => void io.stderr.write(line) });
  using informer = createInformer({
    client,
    log,
    type: resourceTypes.node,
    transform: viewNode,
    ...selectionOf(names),
  });
  const subscription = informer.onChange((change) => {
    progress.see(change);
    if (progress.hasEnded) stop.abort();
  });
  await informer.run(ended);
  subscription[Symbol.dispose]();
  if (interrupted.aborted) throw KwasmError.from(interrupted.reason, "wait for nodes");
  return progress.verdicts;
}

/** A watch of one node costs the API server less than one of all. */
function selectionOf(names: readonly string[]): { readonly fieldSelector?: string } {
  return names.length === 1 ? { fieldSelector: `metadata.name=${names[0] ?? ""}` } : {};
}

class Progress {
  readonly verdicts = new Map<string, Verdict>();
  readonly #options: WaitOptions;
  readonly #tell: (line: string) => void;

  constructor(options: WaitOptions, tell: (line: string) => void) {
    this.#options = options;
    this.#tell = tell;
    for (const name of options.names) this.verdicts.set(name, waitsForOperator);
  }

  get hasEnded(): boolean {
    return this.verdicts.values().every(({ kind }) => kind !== "pending");
  }

  see({ kind, key, item }: Change<NodeView>): void {
    const known = this.verdicts.get(key);
    if (known === undefined || known.kind !== "pending") return;
    const verdict = kind === "deleted" ? deleted : this.#judge(item);
    if (verdict.kind === known.kind && verdict.text === known.text) return;
    this.verdicts.set(key, verdict);
    this.#tell(`node/${key} ${verdict.text}\n`);
  }

  #judge(node: NodeView): Verdict {
    const verdict = this.#options.judge(node);
    const isEarlier = verdict.kind === "failed" && this.#options.earlier.get(node.name) === verdict.text;
    return isEarlier ? waitsForOperator : verdict;
  }
}

const deleted: Verdict = { kind: "failed", text: "was deleted" };
