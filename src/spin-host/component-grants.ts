import { KwasmError } from "#base";
import type { GuestNetwork, HttpProgram, MountTree } from "#engine";
import type { ComponentFacts } from "#spin";
import { grantsOfDependency } from "./dependencies/part-grants.ts";
import { spinPackages } from "./interfaces/index.ts";
import type { Stores } from "./storage/stores.ts";

interface Granted {
  readonly facts: ComponentFacts;
  readonly preopens: readonly MountTree[];
  readonly network: GuestNetwork;
}

type Grants = Pick<HttpProgram, "env" | "preopens" | "network" | "packages" | "grantsOf" | "trapsUnknownImports">;

/** What instances of a component may use, as its manifest says it. What nobody offers traps, since SDKs import all there is. */
export function grantsOfComponent({ facts, preopens, network }: Granted, stores: Stores): Grants {
  return {
    env: facts.environment,
    preopens,
    network,
    packages: (tools) => spinPackages(facts, stores, tools),
    ...(facts.dependencies.length > 0 && { grantsOf: grantsOfParts(facts, stores) }),
    trapsUnknownImports: true,
  };
}

function grantsOfParts(facts: ComponentFacts, stores: Stores): NonNullable<HttpProgram["grantsOf"]> {
  const grants = new Map(facts.dependencies.map((each) => [each.name, grantsOfDependency(facts, each)]));
  return (part) => {
    const found = grants.get(part);
    if (found === undefined) throw new KwasmError("internal", `start a component: it has no dependency "${part}"`);
    const { facts: inherited, ...granted } = found;
    return { ...granted, packages: (tools) => spinPackages(inherited, stores, tools) };
  };
}
