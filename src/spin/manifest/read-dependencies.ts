import { KwasmError } from "#base";
import type { Inheritance, SpinContent, SpinDependency } from "../application.ts";
import { checkIdentifier } from "../identifiers.ts";
import { spinLimits } from "../limits.ts";
import { malformed, shown, Table } from "../table.ts";

/** `[component.ID.dependencies]` and `dependencies_inherit_configuration`: crates/manifest/src/schema/v2.rs of Spin. */
export function readDependencies(component: Table): readonly SpinDependency[] {
  const table = component.table("dependencies");
  const isCommon = component.has("dependencies_inherit_configuration");
  const inheritsAll = component.flag("dependencies_inherit_configuration");
  return (table?.entries() ?? []).map(([name, value]) => {
    const place = table?.place(name) ?? name;
    const read = readDependency(checkDependencyName(name, place), value, place);
    if (isCommon && read.inherits !== undefined) throw twice(place);
    return { ...read, inherits: inheritsAll ? "all" : (read.inherits ?? []) };
  });
}

type Read = Omit<SpinDependency, "inherits"> & { readonly inherits: Inheritance | undefined };

/** A version alone is that of the package in the default registry. */
function readDependency(name: string, value: unknown, place: string): Read {
  if (typeof value === "string") {
    const version = new Table({ version: value }, place).requiredText("version", spinLimits.nameLengthMax);
    return { name, source: registrySource({ name, version }), inherits: undefined };
  }
  const table = new Table(value, place);
  const source = readSource(name, table);
  const exported = table.text("export", spinLimits.nameLengthMax);
  const isWholePackage = name.includes(":") && !name.includes("/");
  if (exported !== undefined && isWholePackage) {
    throw table.refuse("export", "for one interface: a package has several");
  }
  const inherits = readInheritance(table);
  table.refuseOthers();
  return { name, source, ...(exported === undefined ? {} : { export: exported }), inherits };
}

function readSource(name: string, table: Table): SpinDependency["source"] {
  if (table.has("component")) {
    const component = checkIdentifier(table.requiredText("component"), "kebab", table.place("component"));
    return { kind: "component", component };
  }
  if (table.has("path")) return { kind: "path", path: table.requiredText("path") };
  if (table.has("url")) return { kind: "url", url: table.requiredText("url"), digest: table.requiredText("digest") };
  const version = table.requiredText("version", spinLimits.nameLengthMax);
  const registry = table.text("registry") ?? "";
  return registrySource({ name: table.text("package", spinLimits.nameLengthMax) ?? name, version, registry });
}

interface RegistryPackage {
  readonly name: string;
  readonly version: string;
  readonly registry?: string;
}

function registrySource({ name, version, registry = "" }: RegistryPackage): SpinContent {
  return { kind: "registry", registry, package: name, version };
}

/** `true` for all, or the names of what is inherited, as they are in a component. */
function readInheritance(table: Table): Inheritance | undefined {
  const value = table.any("inherit_configuration");
  if (value === undefined) return undefined;
  if (typeof value === "boolean") return value ? "all" : [];
  return table.texts("inherit_configuration");
}

const plainName = /^[a-zA-Z][a-zA-Z0-9]*(?:-[a-zA-Z][a-zA-Z0-9]*)*$/;
const packageName = /^[a-z][a-z0-9-]*:[a-z][a-z0-9-]*(?:\/[a-zA-Z][a-zA-Z0-9-]*)?(?:@\d+\.\d+\.\d+[0-9a-zA-Z.+-]*)?$/;

/** `foo-bar`, `foo:bar`, `foo:bar/baz`, and the latter two with `@1.0.0`. */
export function checkDependencyName(name: string, place: string): string {
  const isShort = name.length <= spinLimits.nameLengthMax;
  if (isShort && (plainName.test(name) || packageName.test(name))) return name;
  throw malformed(place, `a name such as "foo:bar/baz@1.0.0", "foo:bar" or "foo-bar" with what stands for it`);
}

function twice(place: string): KwasmError {
  return new KwasmError(
    "invalid-argument",
    `read ${shown(place)}: write either "inherit_configuration" in each dependency or ` +
      '"dependencies_inherit_configuration" of their component',
  );
}
