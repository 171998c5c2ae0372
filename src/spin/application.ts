/** A Spin application as its author wrote it, whatever the format: nothing is looked up, read or expanded. */
export interface SpinApplication {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  /** The digest of the image that it came from, where whoever locked it wrote that down. */
  readonly imageDigest?: string;
  readonly variables: ReadonlyMap<string, SpinVariable>;
  /** What all routes begin with; `/` by default. */
  readonly httpBase: string;
  /** Where channels are listened to whose triggers name no other address; a template. */
  readonly redisAddress?: string;
  readonly triggers: readonly SpinTrigger[];
  readonly components: readonly SpinComponent[];
}

/** A variable of the application, whose value comes from outside. */
export interface SpinVariable {
  /** Left out where somebody has to give a value. */
  readonly default?: string;
  /** Its value is never shown. */
  readonly isSecret: boolean;
  readonly description: string;
}

export type SpinTrigger = HttpTrigger | RedisTrigger | CommandTrigger | OtherTrigger;

export interface HttpTrigger {
  readonly kind: "http";
  readonly id: string;
  /** As written; undefined for a private one, which only other components reach. */
  readonly route: string | undefined;
  readonly answer: HttpAnswer;
}

export type HttpAnswer =
  | { readonly kind: "component"; readonly component: string; readonly executor: HttpExecutor }
  | StaticAnswer;

/** A response that no guest is asked for. */
export interface StaticAnswer {
  readonly kind: "static";
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

export type HttpExecutor =
  /** `spin` is what old manifests call the same. */
  { readonly kind: "http" } | { readonly kind: "wagi"; readonly argv: string; readonly entrypoint: string };

/** A component that is given the messages of a channel of Redis. */
export interface RedisTrigger {
  readonly kind: "redis";
  readonly id: string;
  readonly component: string;
  /** A template, as its address is. */
  readonly channel: string;
  /** Left out: the application's. */
  readonly address?: string;
}

/** A component that is run once, to its end. */
export interface CommandTrigger {
  readonly kind: "command";
  readonly id: string;
  readonly component: string;
}

/** A trigger that is not served here. */
export interface OtherTrigger {
  readonly kind: "other";
  readonly id: string;
  readonly type: string;
}

export interface SpinComponent {
  readonly id: string;
  readonly description: string;
  readonly source: SpinContent;
  /** Variables of its environment, which is nothing else. */
  readonly environment: readonly (readonly [name: string, value: string])[];
  readonly files: readonly SpinFiles[];
  readonly excludeFiles: readonly string[];
  /** Those of `allowed_http_hosts` too, as they are written today; templates. */
  readonly allowedOutboundHosts: readonly string[];
  readonly keyValueStores: readonly string[];
  readonly sqliteDatabases: readonly string[];
  readonly aiModels: readonly string[];
  /** Its own variables; templates that name those of the application. */
  readonly variables: readonly (readonly [name: string, template: string])[];
  /** Components that are to stand for its imports. */
  readonly dependencies: readonly SpinDependency[];
  /** Of a manifest that says how the source is made. */
  readonly build?: SpinBuild;
}

/** How the author makes a component: commands of a shell, one after the other. */
export interface SpinBuild {
  readonly commands: readonly string[];
  /** Relative to the manifest's directory. */
  readonly workdir: string;
}

export interface SpinDependency {
  /** Which imports it stands for: `foo:bar/baz@1.0.0`, the same without its version or its interface, or a plain name. */
  readonly name: string;
  readonly source: SpinContent | { readonly kind: "component"; readonly component: string };
  /** Which of its exports stands for the import; the one of the same name where it is left out. */
  readonly export?: string;
  readonly inherits: Inheritance;
}

/** What of its component's configuration a dependency has too, by the names of the fields. */
export type Inheritance = "all" | readonly string[];

/** Where a module or a file is. */
export type SpinContent =
  | { readonly kind: "path"; readonly path: string }
  | { readonly kind: "url"; readonly url: string; readonly digest: string }
  | { readonly kind: "registry"; readonly registry: string; readonly package: string; readonly version: string }
  | { readonly kind: "digest"; readonly digest: string }
  | { readonly kind: "inline"; readonly bytes: Uint8Array };

/** Files that a component may read. */
export type SpinFiles =
  /** Those that a pattern matches, under the same paths. */
  | { readonly kind: "pattern"; readonly pattern: string }
  | { readonly kind: "directory"; readonly source: string; readonly destination: string }
  /** One file of a locked application. */
  | { readonly kind: "content"; readonly content: SpinContent; readonly path: string };
