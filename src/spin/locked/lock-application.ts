import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { dirname, posix } from "node:path";
import { KwasmError } from "#base";
import type { HttpTrigger, SpinApplication, SpinComponent, SpinDependency, SpinTrigger } from "../application.ts";
import type { FoundModule } from "../plan/application-spec.ts";
import { type ContentFinder, digestOfFile, directoryContent } from "../plan/content-finder.ts";
import { includedFiles } from "../plan/included-files.ts";
import { readManifest } from "../plan/plan-directory.ts";
import { sourceOfDependency } from "../plan/source-of-dependency.ts";
import { shown } from "../table.ts";

/** An application whose modules and files are known by their digests, and where those are on this machine. */
export interface LockedApplication {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  /** The document: JSON text. */
  readonly text: string;
  readonly components: readonly LockedComponent[];
}

export interface LockedComponent {
  readonly module: FoundModule;
  /** Those of its dependencies, in their order. */
  readonly dependencies: readonly FoundModule[];
  readonly files: readonly LockedFile[];
}

export interface LockedFile {
  readonly hostPath: string;
  /** Where the component sees it, from its root on. */
  readonly path: string;
  readonly digest: string;
  /** What stands in the document itself, where it is as small as that. */
  readonly inline: Buffer | undefined;
}

/** Bytes of a file that stands in the document, as registries may refuse blobs so small: crates/oci/src/client.rs of Spin. */
const INLINE_BYTES_MAX = 128;

/**
 * Locks the application of a manifest as `spin registry push` does (crates/loader/src/local.rs and crates/oci/src/client.rs of
 * Spin). The same files give the same text. Throws as the manifest's reader, `not-found`, and `unsupported` for triggers
 * that are not locked here.
 */
export async function lockApplication(manifestPath: string): Promise<LockedApplication> {
  const application = await readManifest(manifestPath);
  const content = directoryContent(dirname(manifestPath), { isConfined: false });
  const components: LockedComponent[] = [];
  for (const component of application.components) components.push(await lockComponent(component, application, content));
  const { name, version, description } = application;
  return { name, version, description, text: JSON.stringify(documentOf(application, components)), components };
}

async function lockComponent(
  component: SpinComponent,
  { components }: SpinApplication,
  content: ContentFinder,
): Promise<LockedComponent> {
  const { id, source } = component;
  const module = await content.module(source, id);
  const dependencies: FoundModule[] = [];
  for (const dependency of component.dependencies) {
    dependencies.push(await content.module(sourceOfDependency(dependency.source, components), id));
  }
  const paths = [...(await includedFiles(component, content))].sort(([left], [right]) => (left < right ? -1 : 1));
  return { module, dependencies, files: await Promise.all(paths.map(([path, hostPath]) => lockFile(path, hostPath))) };
}

async function lockFile(path: string, hostPath: string): Promise<LockedFile> {
  const place = { path: posix.relative("/", path), hostPath };
  if ((await stat(hostPath)).size > INLINE_BYTES_MAX) {
    return { ...place, digest: await digestOfFile(hostPath), inline: undefined };
  }
  const inline = await readFile(hostPath);
  return { ...place, digest: `sha256:${createHash("sha256").update(inline).digest("hex")}`, inline };
}

function documentOf(application: SpinApplication, components: readonly LockedComponent[]): object {
  const locked = application.components.map((component, at) => componentOf(component, components[at]));
  const needsChaining = locked.some((component) => "host_requirements" in component);
  return {
    spin_lock_version: needsChaining ? 1 : 0,
    ...(needsChaining ? { must_understand: ["component_host_requirements"] } : {}),
    metadata: metadataOf(application),
    ...filled("variables", variablesOf(application)),
    triggers: application.triggers.map(triggerOf),
    components: locked,
  };
}

/** What all triggers of a type have in common stands there twice where there is one type, for older readers. */
function metadataOf(application: SpinApplication): object {
  const { name, version, description, httpBase, redisAddress, triggers } = application;
  const http = httpBase === "/" ? {} : { base: httpBase };
  const redis = redisAddress === undefined ? {} : { address: redisAddress };
  const [type, ...others] = new Set(triggers.map(({ kind }) => kind));
  return {
    ...texts({ description, name }),
    ...(others.length > 0
      ? {}
      : { trigger: { ...(type === "http" ? http : {}), ...(type === "redis" ? redis : {}), type } }),
    ...filled("triggers", { ...filled("http", http), ...filled("redis", redis) }),
    ...texts({ version }),
  };
}

function variablesOf({ variables }: SpinApplication): object {
  const named = [...variables].map(([name, variable]) => {
    const preset = variable.default === undefined ? {} : { default: variable.default };
    return [name, { ...texts({ description: variable.description }), ...preset, secret: variable.isSecret }] as const;
  });
  return sorted(named);
}

function triggerOf(trigger: SpinTrigger): object {
  const { id } = trigger;
  switch (trigger.kind) {
    case "http":
      return { id, trigger_type: "http", trigger_config: httpConfigOf(trigger) };
    case "command":
      return { id, trigger_type: "command", trigger_config: { component: trigger.component } };
    case "redis": {
      const { address, channel, component } = trigger;
      const own = address === undefined ? {} : { address };
      return { id, trigger_type: "redis", trigger_config: { ...own, channel, component } };
    }
    case "other":
      throw new KwasmError(
        "unsupported",
        `lock trigger "${shown(id)}": its type "${shown(trigger.type)}" is not locked`,
      );
  }
}

function httpConfigOf({ answer, route }: HttpTrigger): object {
  const written = { route: route ?? { private: true } };
  if (answer.kind === "static") {
    const { status, headers, body } = answer;
    return { ...written, static_response: { status_code: status, headers: Object.fromEntries(headers), body } };
  }
  const { kind, ...options } = answer.executor;
  return {
    component: answer.component,
    ...(kind === "http" ? {} : { executor: { type: kind, ...options } }),
    ...written,
  };
}

function componentOf(component: SpinComponent, locked: LockedComponent | undefined): object {
  const { id, description, environment, variables, allowedOutboundHosts } = component;
  const files = locked?.files.map(({ digest, inline, path }) => {
    return { ...(inline === undefined ? {} : { inline: inline.toString("base64") }), digest, path };
  });
  return {
    id,
    metadata: {
      ...filled("ai_models", component.aiModels),
      ...filled("allowed_outbound_hosts", allowedOutboundHosts),
      ...filled("databases", component.sqliteDatabases),
      ...texts({ description }),
      ...filled("key_value_stores", component.keyValueStores),
    },
    source: { content_type: "application/wasm", digest: locked?.module.digest },
    ...filled("env", sorted(environment)),
    ...filled("files", files ?? []),
    ...filled("config", sorted(variables)),
    ...filled("dependencies", dependenciesOf(component.dependencies, locked?.dependencies ?? [])),
    ...(allowedOutboundHosts.some(isInside) ? { host_requirements: { local_service_chaining: "required" } } : {}),
  };
}

function dependenciesOf(dependencies: readonly SpinDependency[], modules: readonly FoundModule[]): object {
  const named = dependencies.map(({ name, export: exported, inherits }, at) => {
    const locked = {
      source: { content_type: "application/wasm", digest: modules[at]?.digest },
      ...(exported === undefined ? {} : { export: exported }),
      ...(inherits.length === 0 ? {} : { inherit: inherits === "all" ? "All" : { Some: inherits } }),
    };
    return [name, locked] as const;
  });
  return sorted(named);
}

/** Whether a component may ask another one of its application. */
function isInside(host: string): boolean {
  return /:\/\/[^/:]*\.spin\.internal(?:[:/]|$)/u.test(host);
}

/** Those that say something. */
function texts(named: Readonly<Record<string, string>>): object {
  return Object.fromEntries(Object.entries(named).filter(([, text]) => text !== ""));
}

function filled(name: string, value: object): object {
  return Object.keys(value).length === 0 ? {} : { [name]: value };
}

function sorted(entries: readonly (readonly [name: string, value: unknown])[]): object {
  return Object.fromEntries(entries.toSorted(([left], [right]) => (left < right ? -1 : 1)));
}
