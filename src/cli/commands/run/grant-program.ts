import { KwasmError } from "#base";
import type { MountSpec, NetworkGrant, WorkloadSpec } from "#node";

import { type RuntimeConfig, workloadOfApplication } from "#spin";

import type { Program } from "./program.ts";

/** What a user grants to what is run. */
export interface ProgramGrants {
  readonly env: WorkloadSpec["env"];
  readonly mounts: readonly MountSpec[];
  readonly network: NetworkGrant;
}

/**
 * Gives a program what the user grants. A Spin application says in its manifest what each component may use: its
 * environment is added to, and other grants would be for nobody.
 */
export function grantAll(program: Program, { env, mounts, network }: ProgramGrants): Program & ProgramGrants {
  const { application } = program;
  if (application === undefined) {
    return { ...program, env: [...program.env, ...env], mounts: [...program.mounts, ...mounts], network };
  }
  if (mounts.length > 0 || network.outbound.length > 0 || network.binds.length > 0) {
    throw new KwasmError(
      "invalid-argument",
      `run Spin application "${application.name}": directories and connections are granted by its manifest; ` +
        'write them as "files" and "allowed_outbound_hosts" of its components',
    );
  }
  const components = application.components.map((component) => ({
    ...component,
    environment: [...component.environment, ...env],
  }));
  const { outbound, ...own } = workloadOfApplication({ ...application, components });
  return { ...program, ...own, args: program.args, network: { outbound, binds: [] } };
}

/** Values of a Spin application's variables in the user's environment, by all beginnings that name such. */
export function spinVariablesOf(
  environment: Readonly<Record<string, string | undefined>>,
  { providers }: Pick<RuntimeConfig, "providers"> = { providers: [] },
): readonly (readonly [name: string, value: string])[] {
  const own = providers.flatMap((provider) => (provider.kind === "env" ? [`${provider.prefix}_`] : []));
  const beginnings = ["SPIN_VARIABLE_", ...own];
  return Object.entries(environment).flatMap(([name, value]) => {
    const isVariable = value !== undefined && beginnings.some((beginning) => name.startsWith(beginning));
    return isVariable ? [[name, value] as const] : [];
  });
}
