import { KwasmError } from "#base";
import type { SpinVariable } from "../application.ts";
import { shown } from "../table.ts";
import { parseTemplate } from "./template.ts";

/** Values of an application's variables. */
export interface VariableValues {
  /** Throws `invalid-argument` for a name that the application does not have. */
  expand(template: string): string;
}

/** Where values come from before the environment does, the first that has one. */
export type VariableProvider =
  | { readonly kind: "static"; readonly values: ReadonlyMap<string, string> }
  /** Variables of the environment that begin so. */
  | { readonly kind: "env"; readonly prefix: string };

interface ResolveOptions {
  readonly takesBareNames: boolean;
  readonly providers?: readonly VariableProvider[];
}

const prefixDefault = "SPIN_VARIABLE";

/** What the environment calls a variable: Spin's environment provider. */
function environmentNameOf(name: string, prefix = prefixDefault): string {
  return `${prefix}_${name.toUpperCase()}`;
}

/**
 * Takes values from the providers of a runtime configuration, from `SPIN_VARIABLE_NAME` of the environment, else the defaults. In a container a variable may also be
 * called by its bare name, as Spin's shim for containerd has it. Throws `failed-precondition` that names every variable
 * without a value: Spin would fail each request instead.
 */
export function resolveVariables(
  variables: ReadonlyMap<string, SpinVariable>,
  environment: ReadonlyMap<string, string>,
  { takesBareNames, providers = [] }: ResolveOptions,
): VariableValues {
  const values = new Map<string, string>();
  const missing: string[] = [];
  for (const [name, variable] of variables) {
    const bare = takesBareNames ? environment.get(name.toUpperCase()) : undefined;
    const provided = providers
      .map((provider) => valueOf(name, provider, environment))
      .find((found) => found !== undefined);
    const value = provided ?? environment.get(environmentNameOf(name)) ?? bare ?? variable.default;
    if (value === undefined) missing.push(name);
    else values.set(name, value);
  }
  if (missing.length > 0) throw withoutValues(missing);
  return { expand: (template) => expand(template, values) };
}

function valueOf(
  name: string,
  provider: VariableProvider,
  environment: ReadonlyMap<string, string>,
): string | undefined {
  return provider.kind === "static"
    ? provider.values.get(name)
    : environment.get(environmentNameOf(name, provider.prefix));
}

function expand(template: string, values: ReadonlyMap<string, string>): string {
  const texts = parseTemplate(template).map((part) => {
    if (part.kind === "text") return part.text;
    const value = values.get(part.name);
    if (value !== undefined) return value;
    throw new KwasmError(
      "invalid-argument",
      `expand a template: the application has no variable "${shown(part.name)}"`,
    );
  });
  return texts.join("");
}

function withoutValues(names: readonly string[]): KwasmError {
  const listed = names.map((name) => `"${environmentNameOf(name)}"`).join(", ");
  return new KwasmError(
    "failed-precondition",
    `start a Spin application: its variables need values; set ${listed} in the environment`,
  );
}
