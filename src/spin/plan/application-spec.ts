import type { Inheritance, StaticAnswer } from "../application.ts";

/** What is run of an application, as plain data: everything is found, and every template expanded. */
export interface ApplicationSpec {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly imageDigest?: string;
  /** What all routes begin with. */
  readonly base: string;
  readonly routes: readonly RouteSpec[];
  readonly subscriptions: readonly SubscriptionSpec[];
  readonly components: readonly ComponentSpec[];
  readonly storage: StorageSpec;
}

export interface RouteSpec {
  /** Undefined for a private one. */
  readonly route: string | undefined;
  readonly answer: { readonly kind: "component"; readonly component: string } | StaticAnswer;
}

/** Channels of one server of Redis, and the components that are given the messages of each. */
export interface SubscriptionSpec {
  /** With its password, where it has one. */
  readonly address: string;
  /** The address in the engine's words; no component may connect there for that. */
  readonly outbound: string;
  readonly channels: readonly (readonly [channel: string, components: readonly string[]])[];
}

/** How a component is asked: by its handler, by a message, as a command of CGI with such words, or as a command that is run once. */
export type ExecutorSpec =
  | { readonly kind: "http" }
  | { readonly kind: "redis" }
  | { readonly kind: "wagi"; readonly argv: string }
  | { readonly kind: "command" };

/** A component without its module and files, which are found in other places by those who run it. */
export interface ComponentFacts {
  readonly id: string;
  readonly executor: ExecutorSpec;
  readonly environment: readonly (readonly [name: string, value: string])[];
  /** Where it may connect to, in the engine's words. */
  readonly outbound: readonly string[];
  /** Schemes by which it may ask its own application; `*` is every one. */
  readonly selfSchemes: readonly string[];
  readonly variables: readonly (readonly [name: string, value: string])[];
  readonly keyValueStores: readonly string[];
  readonly sqliteDatabases: readonly string[];
  readonly dependencies: readonly DependencyFacts[];
}

export interface ComponentSpec extends Omit<ComponentFacts, "dependencies"> {
  readonly module: FoundModule;
  readonly mounts: readonly FoundMount[];
  readonly dependencies: readonly DependencySpec[];
}

/** A component that stands for imports of another, without its module. */
export interface DependencyFacts {
  /** Which imports those are: see SpinDependency. */
  readonly name: string;
  readonly export?: string;
  readonly inherits: Inheritance;
}

export interface DependencySpec extends DependencyFacts {
  readonly module: FoundModule;
}

/** A module as a file on this machine, with its digest (`sha256:…`). */
export interface FoundModule {
  readonly path: string;
  readonly digest: string;
}

/** A file or directory of this machine that a component sees at `guestPath`, and cannot change. */
export interface FoundMount {
  readonly hostPath: string;
  readonly guestPath: string;
  readonly readOnly: true;
}

/** Where an application keeps its data. */
export interface StorageSpec {
  /** Files of the stores with the label `default`; in memory where they are left out. */
  readonly keyValuePath?: string;
  readonly sqlitePath?: string;
  /** Stores of a runtime configuration by their labels, `default` among them where it is another one. */
  readonly keyValueStores?: readonly (readonly [label: string, store: KeyValueStoreSpec])[];
  readonly sqliteDatabases?: readonly (readonly [label: string, database: SqliteDatabaseSpec])[];
  /** Where these stores are connected to, in the engine's words; no component may for that. */
  readonly outbound?: readonly string[];
}

export type KeyValueStoreSpec =
  /** In memory without a path. */
  { readonly kind: "file"; readonly path?: string } | { readonly kind: "redis"; readonly url: string };

/** In memory without a path. */
export interface SqliteDatabaseSpec {
  readonly path?: string;
}
