import { KwasmError } from "#base";
import { compileComponent, compileModule, type ComponentPlan, exportsHandler, isComponent, type Loader } from "#engine";
import type { ComponentFacts } from "#spin";

type CompileOptions = Parameters<typeof compileComponent>[1];

/** Compiles a component of an application, or makes one of a core module, as Spin does for SDKs up to its third. Rejects with `unsupported` where it answers no requests. */
export async function loadComponent(
  { id }: Pick<ComponentFacts, "id">,
  bytes: Uint8Array<ArrayBuffer>,
  options: CompileOptions,
  loader: Loader,
): Promise<ComponentPlan> {
  const plan = isComponent(bytes)
    ? await compileComponent(bytes, options, loader)
    : await compileModule(bytes, options, loader);
  if (plan === undefined) {
    throw refuse(
      id,
      "it is a core module that does not say of which world it is and is no handler of Spin 1; build it for wasm32-wasip2",
    );
  }
  if (!exportsHandler(plan.exports)) throw refuse(id, "it has no handler of wasi:http 0.2 or 0.3, or of Spin 1");
  return plan;
}

function refuse(id: string, reason: string): KwasmError {
  return new KwasmError("unsupported", `start component "${id}" of a Spin application: ${reason}`);
}
