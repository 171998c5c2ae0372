import type { PartGrants } from "#engine";
import type { ComponentFacts, DependencyFacts } from "#spin";

/** What a dependency may use, and what of its component's facts it has. */
export interface DependencyGrants extends Omit<PartGrants, "packages"> {
  readonly facts: ComponentFacts;
}

/**
 * What a dependency has of its component's configuration: nothing that it does not inherit (crates/capabilities/src/lib.rs
 * of Spin). A name that is not known grants nothing.
 */
export function grantsOfDependency(facts: ComponentFacts, { inherits }: DependencyFacts): DependencyGrants {
  const has = (name: string): boolean => inherits === "all" || inherits.includes(name);
  const hasNetwork = has("allowed_outbound_hosts");
  return {
    hasEnvironment: has("environment"),
    hasFiles: has("files"),
    hasNetwork,
    facts: {
      ...facts,
      outbound: hasNetwork ? facts.outbound : [],
      selfSchemes: hasNetwork ? facts.selfSchemes : [],
      variables: has("variables") ? facts.variables : [],
      keyValueStores: has("key_value_stores") ? facts.keyValueStores : [],
      sqliteDatabases: has("sqlite_databases") ? facts.sqliteDatabases : [],
    },
  };
}
