import { KwasmError } from "#base";
import type { DependencyFacts } from "#spin";

/** Which imports a dependency stands for, with the export that does for each. */
export type Links = ReadonlyMap<string, string>;

/**
 * Finds for each dependency the imports of its component that it stands for, as Spin does (crates/compose/src/lib.rs of
 * Spin). Throws `invalid-argument` where one stands for none, and where two stand for the same.
 */
export function linkImports(
  component: string,
  imports: readonly string[],
  dependencies: readonly DependencyFacts[],
): readonly Links[] {
  const taken = new Map<string, string>();
  return dependencies.map(({ name, export: exported }) => {
    const matched = imports.filter((wanted) => matchesImport(name, wanted));
    if (matched.length === 0) throw refuse(component, `dependency "${name}" stands for none of its imports`);
    for (const wanted of matched) {
      const other = taken.get(wanted);
      if (other !== undefined) {
        throw refuse(component, `dependencies "${other}" and "${name}" both stand for its import "${wanted}"`);
      }
      taken.set(wanted, name);
    }
    return new Map(matched.map((wanted) => [wanted, exported ?? wanted]));
  });
}

/** A package, an interface and a version, of which a dependency may leave out the last two; or a plain name. */
interface Name {
  readonly package: string;
  readonly interface: string | undefined;
  readonly version: string | undefined;
}

/** Versions are compared as they are written. */
export function matchesImport(dependency: string, wanted: string): boolean {
  const [one, other] = [parseName(dependency), parseName(wanted)];
  if (one === undefined || other === undefined) return dependency === wanted;
  if (one.package !== other.package) return false;
  if (one.interface !== undefined && one.interface !== other.interface) return false;
  return one.version === undefined || one.version === other.version;
}

function parseName(text: string): Name | undefined {
  const at = text.indexOf("@");
  const [path, version] = at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
  if (!path.includes(":")) return undefined;
  const [owner = "", member] = path.split("/");
  return { package: owner, interface: member, version };
}

function refuse(component: string, problem: string): KwasmError {
  return new KwasmError("invalid-argument", `compose component "${component}": ${problem}`);
}
