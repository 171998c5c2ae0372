import { KwasmError } from "#base";
import { type Guest, startComponent } from "#engine";
import { grantsOfComponent } from "./component-grants.ts";
import { type ApplicationFacts, type ApplicationParts, closeAtEnd } from "./serve-application.ts";
import { Stores } from "./storage/stores.ts";

/** What a command is given beside what its manifest grants it. */
type CommandConfig = Omit<
  Parameters<typeof startComponent>[1],
  "env" | "preopens" | "network" | "packages" | "grantsOf" | "trapsUnknownImports" | "invoke" | "listeners"
>;

/** Runs the component of an application that is a command, to its end. */
export async function runApplicationCommand(
  { name, storage }: ApplicationFacts,
  { components, network }: ApplicationParts,
  config: CommandConfig,
): Promise<Guest> {
  const [component] = components;
  if (component === undefined) throw new KwasmError("internal", `run Spin application "${name}": it has no component`);
  const stores = new Stores(storage, network);
  const guest = await startComponent(component.plan, { ...config, ...grantsOfComponent(component, stores) });
  void closeAtEnd(guest, [stores, network]);
  return guest;
}
