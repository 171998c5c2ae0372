import { KwasmError } from "#base";
import type { HttpExecutor, HttpTrigger, RedisTrigger, SpinApplication } from "../application.ts";
import { shown } from "../table.ts";
import type { ExecutorSpec } from "./application-spec.ts";

/** What Spin calls the start of a command; it takes no other name any more. */
const startName = "_start";

/** What of an application is run. */
export interface ChosenTriggers {
  /** Those of its routes; none where it is a command. */
  readonly http: readonly HttpTrigger[];
  /** Those of its channels; none where it is a command. */
  readonly redis: readonly RedisTrigger[];
  /** How each component that is run is asked. */
  readonly executors: ReadonlyMap<string, ExecutorSpec>;
}

/**
 * Chooses what is run: all that answers HTTP requests and all that is given messages, or the first command. Throws `unsupported` for other triggers, and for
 * another entrypoint than a command's own; `invalid-argument` for a component that is to be asked in two ways.
 */
export function chooseTriggers({ name, triggers }: Pick<SpinApplication, "name" | "triggers">): ChosenTriggers {
  const http: HttpTrigger[] = [];
  const redis: RedisTrigger[] = [];
  let command: string | undefined;
  for (const trigger of triggers) {
    if (trigger.kind === "other") throw otherTrigger(name, trigger);
    if (trigger.kind === "http") http.push(trigger);
    else if (trigger.kind === "redis") redis.push(trigger);
    else command ??= trigger.component;
  }
  if (command === undefined) return { http, redis, executors: executorsOf(http, redis) };
  if (http.length + redis.length === 0) return { http, redis, executors: new Map([[command, { kind: "command" }]]) };
  throw unsupported(name, "it has other triggers and a command; write an application for each");
}

function executorsOf(
  triggers: readonly HttpTrigger[],
  redis: readonly RedisTrigger[],
): ReadonlyMap<string, ExecutorSpec> {
  const executors = new Map<string, ExecutorSpec>();
  for (const { id, answer } of triggers) {
    if (answer.kind === "static") continue;
    const executor = executorOf(id, answer.executor);
    const known = executors.get(answer.component);
    if (known !== undefined && !isSame(known, executor)) throw twoWays(answer.component);
    executors.set(answer.component, executor);
  }
  for (const { component } of redis) {
    const known = executors.get(component);
    if (known !== undefined && known.kind !== "redis") throw twoWays(component);
    executors.set(component, { kind: "redis" });
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
  return one.kind === "wagi" && other.kind === "wagi" ? one.argv === other.argv : one.kind === other.kind;
}

function twoWays(component: string): KwasmError {
  return new KwasmError(
    "invalid-argument",
    `start component "${shown(component)}": its triggers have different executors or types; write a component for each`,
  );
}

function otherTrigger(name: string, { id, type }: { readonly id: string; readonly type: string }): KwasmError {
  return unsupported(
    name,
    `its trigger "${shown(id)}" is of type "${shown(type)}"; those of types http, redis and command are run`,
  );
}

function unsupported(name: string, reason: string): KwasmError {
  return new KwasmError("unsupported", `start Spin application "${shown(name)}": ${reason}`);
}
