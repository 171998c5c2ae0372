import { KwasmError } from "#base";
import { compileComponent, type ComponentPlan, exportsHandler, isComponent, type Loader } from "#engine";
import type { ComponentFacts } from "#spin";

type CompileOptions = Parameters<typeof compileComponent>[1];

/** Compiles a component of an application. Rejects with `unsupported` where it answers no requests. */
export async function loadComponent(
  { id }: Pick<ComponentFacts, "id">,
  bytes: Uint8Array<ArrayBuffer>,
  options: CompileOptions,
  loader: Loader,
): Promise<ComponentPlan> {
  if (!isComponent(bytes)) {
    throw refuse(
      id,
      "it is a core module, of which Spin makes a component when it loads it; build it for wasm32-wasip2",
    );
  }
  const plan = await compileComponent(bytes, options, loader);
  if (!exportsHandler(plan.exports)) throw refuse(id, "it exports no handler of wasi:http 0.2 or 0.3");
  return plan;
}

function refuse(id: string, reason: string): KwasmError {
  return new KwasmError("unsupported", `start component "${id}" of a Spin application: ${reason}`);
}
