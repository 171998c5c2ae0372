import { KwasmError } from "#base";
import {
  type ComponentPlan,
  formatIpAddress,
  type Guest,
  type GuestNetwork,
  type HttpProgram,
  type HttpServiceConfig,
  type MountTree,
  serveRoutes,
} from "#engine";
import type { ApplicationSpec, ComponentFacts } from "#spin";
import { grantsOfDependency } from "./dependencies/part-grants.ts";
import { chooseComponent } from "./choose-component.ts";
import { chooseInsideOf } from "./inside-requests.ts";
import type { ServedComponent } from "./route-request.ts";
import { spinPackages } from "./interfaces/index.ts";
import { Stores } from "./storage/stores.ts";

/** What is known of an application but for its components. */
export type ApplicationFacts = Omit<ApplicationSpec, "components">;

/** A component that was loaded, with what its instances are given; the service closes it. */
export interface LoadedComponent {
  readonly facts: ComponentFacts;
  readonly plan: ComponentPlan;
  readonly preopens: readonly MountTree[];
  readonly network: GuestNetwork;
}

/** What an application is run with; the service closes all of it. */
interface ApplicationParts {
  readonly components: readonly LoadedComponent[];
  /** Where its stores are connected to. */
  readonly network: GuestNetwork;
}

/**
 * Answers HTTP requests by the components of a Spin application, an instance a request. Imports that nobody offers trap
 * when they are called, since Spin's toolchains import all that there is.
 */
export async function serveApplication(
  application: ApplicationFacts,
  { components, network }: ApplicationParts,
  config: HttpServiceConfig,
): Promise<Guest> {
  const stores = new Stores(application.storage, network);
  const served = new Map<string, ServedComponent>();
  const choosePublic = chooseComponent(application, served);
  const own = { served, choosePublic, ownAuthority: authorityOf(config.listeners) };
  for (const component of components) {
    const { id, executor } = component.facts;
    const chooseInside = chooseInsideOf({ ...component, ...own });
    served.set(id, { program: { ...programOf(component, stores), chooseInside }, executor });
  }
  const programs = Array.from(served.values(), ({ program }) => program);
  const guest = await serveRoutes(programs, choosePublic, config);
  void closeAtEnd(guest, [stores, network]);
  return guest;
}

async function closeAtEnd(guest: Guest, handles: readonly { close(): void }[]): Promise<void> {
  await guest.ended;
  for (const handle of handles) handle.close();
}

/** Where an application is served first, as it is told to those whom it asks itself. */
function authorityOf(listeners: HttpServiceConfig["listeners"] = []): string {
  const listener = listeners.find((each) => "serve" in each);
  const endpoint = listener?.localEndpoint();
  if (endpoint === undefined) return "localhost";
  const address = formatIpAddress(endpoint.address);
  return `${address.includes(":") ? `[${address}]` : address}:${String(endpoint.port)}`;
}

function programOf({ facts, plan, preopens, network }: LoadedComponent, stores: Stores): HttpProgram {
  return {
    plan,
    isCommand: facts.executor.kind === "wagi",
    env: facts.environment,
    preopens,
    network,
    packages: (tools) => spinPackages(facts, stores, tools),
    ...(facts.dependencies.length > 0 && { grantsOf: grantsOf(facts, stores) }),
    trapsUnknownImports: true,
  };
}

function grantsOf(facts: ComponentFacts, stores: Stores): NonNullable<HttpProgram["grantsOf"]> {
  const grants = new Map(facts.dependencies.map((each) => [each.name, grantsOfDependency(facts, each)]));
  return (part) => {
    const found = grants.get(part);
    if (found === undefined) throw new KwasmError("internal", `start a component: it has no dependency "${part}"`);
    const { facts: inherited, ...granted } = found;
    return { ...granted, packages: (tools) => spinPackages(inherited, stores, tools) };
  };
}
