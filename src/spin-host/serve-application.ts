import {
  type ComponentPlan,
  formatIpAddress,
  type Guest,
  type GuestNetwork,
  type HttpProgram,
  type HttpServiceConfig,
  type MessageSource,
  type MountTree,
  serveRoutes,
} from "#engine";
import type { ApplicationSpec, ComponentFacts } from "#spin";
import { grantsOfComponent } from "./component-grants.ts";
import { chooseComponent } from "./choose-component.ts";
import { chooseInsideOf } from "./inside-requests.ts";
import type { ServedComponent } from "./route-request.ts";
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
export interface ApplicationParts {
  readonly components: readonly LoadedComponent[];
  /** Where its stores are connected to. */
  readonly network: GuestNetwork;
}

/**
 * Answers HTTP requests by the components of a Spin application and gives them messages, an instance for each. Imports
 * that nobody offers trap when they are called, since Spin's toolchains import all that there is.
 */
export async function serveApplication(
  application: ApplicationFacts,
  { components, network }: ApplicationParts,
  config: HttpServiceConfig,
): Promise<Guest> {
  const stores = new Stores(application.storage, network);
  const served = new Map<string, ServedComponent>();
  const receivers = new Map<string, HttpProgram>();
  const choosePublic = chooseComponent(application, served);
  const own = { served, choosePublic, ownAuthority: authorityOf(config.listeners) };
  for (const component of components) {
    const { id, executor } = component.facts;
    const chooseInside = chooseInsideOf({ ...component, ...own });
    const program = { ...programOf(component, stores), chooseInside };
    if (executor.kind === "redis") receivers.set(id, { ...program, takesMessages: true });
    else served.set(id, { program, executor });
  }
  const sources = await sourcesOf(application, receivers, network);
  const programs = [...Array.from(served.values(), ({ program }) => program), ...receivers.values()];
  const guest = await serveRoutes(programs, choosePublic, { ...config, sources });
  void closeAtEnd(guest, [stores, network]);
  return guest;
}

async function sourcesOf(
  { subscriptions }: ApplicationFacts,
  receivers: ReadonlyMap<string, HttpProgram>,
  network: GuestNetwork,
): Promise<readonly MessageSource[]> {
  if (subscriptions.length === 0) return [];
  const { RedisSubscription } = await import("./redis/index.ts");
  return subscriptions.map((subscription) => new RedisSubscription(subscription, receivers, network));
}

export async function closeAtEnd(guest: Guest, handles: readonly { close(): void }[]): Promise<void> {
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

function programOf(component: LoadedComponent, stores: Stores): HttpProgram {
  const isCommand = component.facts.executor.kind === "wagi";
  return { plan: component.plan, isCommand, ...grantsOfComponent(component, stores) };
}
