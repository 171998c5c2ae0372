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
import { spinPackages } from "./interfaces/index.ts";
import { Storage } from "./storage/storage.ts";

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
  const storage = new Storage(application.storage);
  const programs = new Map(components.map((component) => [component.facts.id, programOf(component, storage)]));
  const guest = await serveRoutes([...programs.values()], chooseComponent(application, programs), config);
  void guest.ended.then(() => storage.close());
  return guest;
}

function programOf({ facts, plan, preopens, network }: LoadedComponent, storage: Storage): HttpProgram {
  return {
    plan,
    env: facts.environment,
    preopens,
    network,
    packages: (tools) => spinPackages(facts, storage, tools),
    trapsUnknownImports: true,
  };
}
