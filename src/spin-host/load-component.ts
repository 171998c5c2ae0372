import { KwasmError } from "#base";
import {
  compileCommandModule,
  compileComponent,
  compileModule,
  type ComponentPlan,
  exportsHandler,
  exportsMessageHandler,
  findCommand,
  isComponent,
  type Loader,
} from "#engine";
import type { ComponentFacts } from "#spin";

import { composeDependencies } from "./dependencies/compose-dependencies.ts";

type CompileOptions = Parameters<typeof compileComponent>[1];

/** A component's own module, and those of its dependencies in their order. */
interface ComponentModules {
  readonly component: Uint8Array<ArrayBuffer>;
  readonly dependencies: readonly Uint8Array<ArrayBuffer>[];
}

/**
 * Compiles a component of an application, or makes one of a core module, as Spin does for SDKs up to its third, and links it to
 * its dependencies. Rejects with `unsupported` where it answers no requests in the way that its trigger asks for.
 */
export async function loadComponent(
  facts: Pick<ComponentFacts, "id" | "executor" | "dependencies">,
  { component, dependencies }: ComponentModules,
  options: CompileOptions,
  loader: Loader,
): Promise<ComponentPlan> {
  const { kind } = facts.executor;
  const isCommand = kind === "wagi" || kind === "command";
  const plan = isCommand
    ? await loadCommand(facts.id, component, options, loader)
    : await loadHandler({ id: facts.id, kind }, component, options, loader);
  return composeDependencies(facts, plan, dependencies, { compile: options, loader });
}

async function loadHandler(
  { id, kind }: { readonly id: string; readonly kind: "http" | "redis" },
  bytes: Uint8Array<ArrayBuffer>,
  options: CompileOptions,
  loader: Loader,
): Promise<ComponentPlan> {
  const compile = isComponent(bytes) ? compileComponent : compileModule;
  const plan = await compile(bytes, options, loader);
  if (plan === undefined) {
    throw refuse(
      id,
      "it is a core module that does not say of which world it is and is no handler of Spin 1; build it for wasm32-wasip2",
    );
  }
  if (kind === "http" && !exportsHandler(plan.exports)) {
    throw refuse(id, "it has no handler of wasi:http 0.2 or 0.3, or of Spin 1");
  }
  if (kind === "redis" && !exportsMessageHandler(plan.exports)) {
    throw refuse(id, 'its trigger is of Redis, and it exports no "inbound-redis"');
  }
  return plan;
}

async function loadCommand(
  id: string,
  bytes: Uint8Array<ArrayBuffer>,
  options: CompileOptions,
  loader: Loader,
): Promise<ComponentPlan> {
  const isOfComponents = isComponent(bytes);
  const plan = await (isOfComponents ? compileComponent : compileCommandModule)(bytes, options, loader);
  if (plan === undefined || (isOfComponents && findCommand(plan.exports) === undefined)) {
    throw refuse(id, 'it is to be run as a command, and is none: it exports neither "_start" nor "wasi:cli/run"');
  }
  return plan;
}

function refuse(id: string, reason: string): KwasmError {
  return new KwasmError("unsupported", `start component "${id}" of a Spin application: ${reason}`);
}
