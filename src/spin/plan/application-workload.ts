import { KwasmError } from "#base";
import type { ApplicationSpec, FoundModule } from "./application-spec.ts";

/** What an application is to whoever runs workloads of one module. */
export interface ApplicationWorkload {
  /** That of its first component. */
  readonly module: FoundModule;
  readonly args: readonly string[];
  readonly application: ApplicationSpec;
  /** Where any of its components may connect to, and its stores. */
  readonly outbound: readonly string[];
}

export function workloadOfApplication(application: ApplicationSpec): ApplicationWorkload {
  const { name, components } = application;
  const [first] = components;
  if (first === undefined) throw new KwasmError("internal", `run Spin application "${name}": it has no component`);
  const ofComponents = components.flatMap((component) => component.outbound);
  const outbound = [...new Set([...ofComponents, ...(application.storage.outbound ?? [])])];
  return { module: first.module, args: [name], application, outbound };
}
