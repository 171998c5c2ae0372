import {
  type ComponentPlan,
  type Guest,
  type GuestNetwork,
  type HttpProgram,
  type HttpServiceConfig,
  type MountTree,
  serveRoutes,
} from "#engine";
import type { ApplicationSpec, ComponentFacts } from "#spin";
import { chooseComponent } from "./choose-component.ts";

/** What is known of an application but for its components. */
export type ApplicationFacts = Omit<ApplicationSpec, "components">;

/** A component that was loaded, with what its instances are given; the service closes it. */
export interface LoadedComponent {
  readonly facts: ComponentFacts;
  readonly plan: ComponentPlan;
  readonly preopens: readonly MountTree[];
  readonly network: GuestNetwork;
}

/**
 * Answers HTTP requests by the components of a Spin application, an instance a request. Imports that nobody offers trap
 * when they are called, since Spin's toolchains import all that there is.
 */
export async function serveApplication(
  application: ApplicationFacts,
  components: readonly LoadedComponent[],
  config: HttpServiceConfig,
): Promise<Guest> {
  const programs = new Map(components.map((component) => [component.facts.id, programOf(component)]));
  return serveRoutes([...programs.values()], chooseComponent(application, programs), config);
}

function programOf({ facts, plan, preopens, network }: LoadedComponent): HttpProgram {
  return { plan, env: facts.environment, preopens, network, trapsUnknownImports: true };
}
