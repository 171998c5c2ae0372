import { KwasmError } from "#base";
import type { HttpExecutor, HttpTrigger } from "../application.ts";
import { shown } from "../table.ts";
import type { ExecutorSpec } from "./application-spec.ts";

/** What Spin calls the start of a command; it takes no other name any more. */
const startName = "_start";

/**
 * How each component that has a trigger is asked. Throws `unsupported` for another entrypoint than a command's own, and
 * `invalid-argument` for a component that is to be asked in two ways.
 */
export function executorsOf(triggers: readonly HttpTrigger[]): ReadonlyMap<string, ExecutorSpec> {
  const executors = new Map<string, ExecutorSpec>();
  for (const { id, answer } of triggers) {
    if (answer.kind === "static") continue;
    const executor = executorOf(id, answer.executor);
    const known = executors.get(answer.component);
    if (known !== undefined && !isSame(known, executor)) throw twoWays(answer.component);
    executors.set(answer.component, executor);
  }
  return executors;
}

function executorOf(id: string, executor: HttpExecutor): ExecutorSpec {
  if (executor.kind === "http") return executor;
  if (executor.entrypoint === startName) return { kind: "wagi", argv: executor.argv };
  throw new KwasmError(
    "unsupported",
    `start trigger "${shown(id)}": its executor has the entrypoint "${shown(executor.entrypoint)}"; leave it out, ` +
      `a command begins with "${startName}"`,
  );
}

function isSame(one: ExecutorSpec, other: ExecutorSpec): boolean {
  if (one.kind === "http" || other.kind === "http") return one.kind === other.kind;
  return one.argv === other.argv;
}

function twoWays(component: string): KwasmError {
  return new KwasmError(
    "invalid-argument",
    `start component "${shown(component)}": its triggers have different executors; write a component for each`,
  );
}
