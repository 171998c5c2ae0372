import type { KeyValueStoreSpec, SqliteDatabaseSpec } from "../plan/application-spec.ts";
import type { VariableProvider } from "../variables/resolve-variables.ts";

/** What whoever runs an application says of where its data and its variables' values are: Spin's runtime configuration. */
export interface RuntimeConfig {
  /** Absolute; empty to keep nothing, left out for what is usual. */
  readonly stateDirectory?: string;
  readonly providers: readonly VariableProvider[];
  readonly keyValueStores: ReadonlyMap<string, KeyValueStoreSpec>;
  readonly sqliteDatabases: ReadonlyMap<string, SqliteDatabaseSpec>;
  /** Where its stores are connected to, in the engine's words. */
  readonly outbound: readonly string[];
}

export const withoutRuntimeConfig: RuntimeConfig = {
  providers: [],
  keyValueStores: new Map(),
  sqliteDatabases: new Map(),
  outbound: [],
};
