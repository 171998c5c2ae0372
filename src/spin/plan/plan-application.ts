import { KwasmError } from "#base";
import type { HttpTrigger, SpinApplication, SpinComponent } from "../application.ts";
import { spinLimits } from "../limits.ts";
import { parseOutboundHosts } from "../outbound/outbound-hosts.ts";
import { shown } from "../table.ts";
import { resolveVariables, type VariableValues } from "../variables/resolve-variables.ts";
import { type RuntimeConfig, withoutRuntimeConfig } from "../runtime-config/runtime-config.ts";
import { chooseTriggers } from "./executors.ts";
import type { ApplicationSpec, ComponentSpec, DependencySpec, RouteSpec, StorageSpec } from "./application-spec.ts";
import type { ContentFinder } from "./content-finder.ts";
import { findMounts } from "./find-mounts.ts";
import { sourceOfDependency } from "./source-of-dependency.ts";
import { storageIn } from "./storage-files.ts";
import { planSubscriptions } from "./subscriptions.ts";

export interface PlanOptions {
  /** Where modules and files are. */
  readonly content: ContentFinder;
  /** Variables get their values from here. */
  readonly environment: ReadonlyMap<string, string>;
  /** Whether a variable may be called by its bare name too, as in a container. */
  readonly takesBareNames: boolean;
  readonly storage?: StorageSpec;
  readonly runtimeConfig?: RuntimeConfig;
  /** Told what the application is before anything else is asked of it; what it throws is thrown. */
  readonly onKind?: (kind: "command" | "service") => void;
}

/**
 * Finds everything that an application needs and expands its templates. Throws `unsupported` for what is not run here,
 * `not-found` for what is not there and `failed-precondition` for variables without values.
 */
export async function planApplication(application: SpinApplication, options: PlanOptions): Promise<ApplicationSpec> {
  const { name, version, description, imageDigest, httpBase, variables, components } = application;
  const { http, redis, executors } = chooseTriggers(application);
  options.onKind?.(application.triggers.some(({ kind }) => kind === "command") ? "command" : "service");
  const { runtimeConfig = withoutRuntimeConfig } = options;
  const values = resolveVariables(variables, options.environment, { ...options, ...runtimeConfig });
  const planned: ComponentSpec[] = [];
  for (const component of components) {
    const executor = executors.get(component.id);
    if (executor === undefined) continue;
    checkLabels(component, runtimeConfig);
    const dependencies = await planDependencies(component, components, options.content);
    planned.push({ ...(await planComponent(component, values, options.content)), executor, dependencies });
  }
  if (planned.length === 0 && http.length === 0) throw unsupported(name, "it has no trigger");
  checkHandover(name, planned);
  return {
    name,
    version,
    description,
    ...(imageDigest === undefined ? {} : { imageDigest }),
    base: httpBase,
    routes: http.map(routeOf),
    subscriptions: planSubscriptions(application, redis, values),
    components: planned,
    storage: storageOf(options.storage, runtimeConfig),
  };
}

function routeOf({ route, answer }: HttpTrigger): RouteSpec {
  return { route, answer: answer.kind === "static" ? answer : { kind: "component", component: answer.component } };
}

async function planComponent(
  component: SpinComponent,
  values: VariableValues,
  content: ContentFinder,
): Promise<Omit<ComponentSpec, "executor" | "dependencies">> {
  const { id, environment, variables, allowedOutboundHosts } = component;
  const { rules, selfSchemes } = parseOutboundHosts(allowedOutboundHosts.map((host) => values.expand(host)));
  return {
    id,
    module: await content.module(component.source, id),
    mounts: await findMounts(component, content),
    environment,
    outbound: rules,
    selfSchemes,
    variables: variables.map(([name, template]) => [name, values.expand(template)]),
    keyValueStores: component.keyValueStores,
    sqliteDatabases: component.sqliteDatabases,
  };
}

/** Of a component that is named as a dependency, nothing but its module counts. */
async function planDependencies(
  { id, dependencies }: SpinComponent,
  components: readonly SpinComponent[],
  content: ContentFinder,
): Promise<readonly DependencySpec[]> {
  const planned: DependencySpec[] = [];
  for (const { source, ...facts } of dependencies) {
    const found = sourceOfDependency(source, components);
    planned.push({ ...facts, module: await content.module(found, `${id}", dependency "${shown(facts.name)}`) });
  }
  return planned;
}

/** Spin has stores of other labels from its runtime configuration too, and refuses those that are not in there. */
function checkLabels({ id, ...component }: SpinComponent, config: RuntimeConfig): void {
  for (const key of ["keyValueStores", "sqliteDatabases"] as const) {
    const other = component[key].find((label) => label !== "default" && !config[key].has(label));
    if (other === undefined) continue;
    const field = key === "keyValueStores" ? "key_value_stores" : "sqlite_databases";
    const there = 'only "default" is there, and what a runtime configuration has';
    throw unsupported(id, `its ${field} name "${shown(other)}"; ${there}`);
  }
}

function storageOf(storage: StorageSpec = {}, config: RuntimeConfig): StorageSpec {
  const { keyValueStores, sqliteDatabases, outbound, stateDirectory } = config;
  return {
    ...storage,
    ...(stateDirectory === undefined ? {} : storageIn(stateDirectory)),
    ...(keyValueStores.size === 0 ? {} : { keyValueStores: [...keyValueStores] }),
    ...(sqliteDatabases.size === 0 ? {} : { sqliteDatabases: [...sqliteDatabases] }),
    ...(outbound.length === 0 ? {} : { outbound }),
  };
}

function checkHandover(name: string, components: readonly ComponentSpec[]): void {
  const count = components.reduce((sum, { mounts, dependencies }) => sum + mounts.length + dependencies.length + 1, 0);
  if (count <= spinLimits.handedOverMax) return;
  throw new KwasmError(
    "limit-exceeded",
    `start Spin application "${shown(name)}": it has ${String(count)} modules and files, at most ` +
      `${String(spinLimits.handedOverMax)} are taken; mount directories, as { source = "static", destination = "/" }`,
  );
}

function unsupported(name: string, reason: string): KwasmError {
  return new KwasmError("unsupported", `start Spin application or component "${shown(name)}": ${reason}`);
}
