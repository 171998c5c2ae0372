import { KwasmError, type ErrorCode } from "#base";
import type {
  ConfigMap,
  Container,
  EnvFromSource,
  EnvVar,
  EnvVarSource,
  KeySelector,
  Pod,
  Secret,
} from "../kinds/index.ts";
import { expandVariables } from "./expand-variables.ts";
import { readField, readResource } from "./downward-api.ts";

/** Bytes of one container's whole environment, names included: what Linux passes to a process at most. */
export const ENVIRONMENT_BYTES_MAX = 2_097_152;

/** What an environment is made from, beside the container itself. */
export interface EnvironmentSources {
  readonly pod: Pod;
  readonly podIP: string;
  readonly nodeName: string;
  readonly imageEnv: readonly (readonly [name: string, value: string])[];
  readonly serviceEnv: ReadonlyMap<string, string>;
  readonly configMap: (name: string) => ConfigMap | undefined;
  readonly secret: (name: string) => Secret | undefined;
}

/**
 * The variables of one container in the kubelet's order (`makeEnvironmentVariables`): the image's, HOSTNAME, `envFrom`,
 * `env`, then those of Services that nothing else has set. Throws `not-found` for a reference that is not optional and
 * `limit-exceeded` for an environment that is too large.
 */
export function buildEnvironment(container: Container, sources: EnvironmentSources): ReadonlyMap<string, string> {
  const own = new Map<string, string>();
  for (const source of container.envFrom) addFrom(own, source, sources);
  for (const variable of container.env) addVariable(own, variable, container, sources);
  const all = new Map(sources.imageEnv);
  all.set("HOSTNAME", hostnameOf(sources.pod));
  for (const [name, value] of own) all.set(name, value);
  for (const [name, value] of sources.serviceEnv) if (!own.has(name)) all.set(name, value);
  refuseHuge(all, container.name);
  return all;
}

/** The pod's name unless it says another. */
export function hostnameOf(pod: Pod): string {
  return pod.spec.hostname ?? pod.metadata.name;
}

function addFrom(into: Map<string, string>, source: EnvFromSource, sources: EnvironmentSources): void {
  const reference = source.configMapRef ?? source.secretRef;
  if (reference === undefined) return;
  const isSecret = source.configMapRef === undefined;
  const values = isSecret ? secretValues(sources.secret(reference.name)) : sources.configMap(reference.name)?.data;
  if (values === undefined) {
    if (reference.optional === true) return;
    throw configError("not-found", `${isSecret ? "secret" : "configmap"} "${reference.name}" not found`);
  }
  for (const [key, value] of Object.entries(values)) into.set(`${source.prefix}${key}`, value);
}

/** A value may name what was set before it, or a Service's variable. */
function addVariable(
  into: Map<string, string>,
  variable: EnvVar,
  container: Container,
  sources: EnvironmentSources,
): void {
  if (variable.valueFrom === undefined) {
    const known = new Map([...sources.serviceEnv, ...into]);
    into.set(variable.name, expandVariables(variable.value ?? "", known));
    return;
  }
  const value = valueFrom(variable.valueFrom, container, sources);
  if (value !== undefined) into.set(variable.name, value);
}

function valueFrom(source: EnvVarSource, container: Container, sources: EnvironmentSources): string | undefined {
  if (source.fieldRef !== undefined) return readField(source.fieldRef.fieldPath, sources);
  if (source.resourceFieldRef !== undefined) return readResource(source.resourceFieldRef, container, sources.pod);
  if (source.configMapKeyRef !== undefined) {
    const data = sources.configMap(source.configMapKeyRef.name)?.data;
    return valueOfKey(source.configMapKeyRef, data, "configmap");
  }
  if (source.secretKeyRef === undefined) return undefined;
  return valueOfKey(source.secretKeyRef, secretValues(sources.secret(source.secretKeyRef.name)), "secret");
}

function valueOfKey(
  selector: KeySelector,
  data: Readonly<Record<string, string>> | undefined,
  kind: string,
): string | undefined {
  const value = data?.[selector.key];
  if (value !== undefined || selector.optional === true) return value;
  const message =
    data === undefined
      ? `${kind} "${selector.name}" not found`
      : `couldn't find key ${selector.key} in ${kind} "${selector.name}"`;
  throw configError("not-found", message);
}

function secretValues(secret: Secret | undefined): Record<string, string> | undefined {
  if (secret === undefined) return undefined;
  return Object.fromEntries(
    Object.entries(secret.data).map(([key, value]) => [key, Buffer.from(value, "base64").toString()]),
  );
}

function refuseHuge(variables: ReadonlyMap<string, string>, containerName: string): void {
  let bytes = 0;
  for (const [name, value] of variables) bytes += Buffer.byteLength(name) + Buffer.byteLength(value) + 2;
  if (bytes <= ENVIRONMENT_BYTES_MAX) return;
  const message = `environment of container "${containerName}" has "${bytes}" bytes, more than "${ENVIRONMENT_BYTES_MAX}"; move large values into a volume`;
  throw configError("limit-exceeded", message);
}

function configError(code: ErrorCode, message: string): KwasmError {
  return new KwasmError(code, message);
}
