import type { ComponentType, ExternType } from "../types/types.ts";
import { identifier } from "./identifier.ts";
import { type Externs, functionItem, interfaceText, packageOf, unwritable, useItem } from "./print-interface.ts";
import { TypeHomes, TypeNames } from "./type-names.ts";

/** Letters of one component's WIT. All of WASI is a hundred thousand; what types repeat could fill any memory. */
export const witLettersMax = 1_048_576;

export interface WitText {
  readonly text: string;
  /** Whether all of it is there; text that is too long ends within a line. */
  readonly isWhole: boolean;
}

/** The imports and exports of a component in WIT: a world, and the packages of the interfaces that it names. */
export function printWit(type: ComponentType, lettersMax: number = witLettersMax): WitText {
  const pieces: string[] = [];
  let letters = 0;
  for (const piece of worldText(type)) {
    letters += piece.length;
    if (letters > lettersMax) return { text: pieces.join(""), isWhole: false };
    pieces.push(piece);
  }
  return { text: pieces.join(""), isWhole: true };
}

const worldName = "root";

function* worldText(type: ComponentType): Generator<string> {
  const packages = packagesOf(type);
  const homes = homesOf(type);
  const names = new TypeNames(homes, worldName, [...type.imports.keys(), ...type.instance.exports.keys()]);
  yield `package root:component;\n\nworld ${worldName} {\n`;
  yield* externsText("import", type.imports, { homes, names });
  yield* externsText("export", type.instance.exports, { homes, names });
  for (const [local, home] of names.uses) yield* useItem(local, home, { names, indent: "  " });
  yield "}\n";
  for (const [name, interfaces] of packages) yield* packageText(name, interfaces, homes);
}

type Packages = ReadonlyMap<string, ReadonlyMap<string, Externs>>;

/** The first interface that names a type is its home: what an interface uses of others stands before it in the binary. */
function homesOf({ imports, instance }: ComponentType): TypeHomes {
  const homes = new TypeHomes();
  for (const [name, extern] of [...imports, ...instance.exports]) {
    if (extern.kind !== "instance" || packageOf(name) === undefined) continue;
    for (const [label, member] of extern.type.exports) {
      if (member.kind === "type") homes.claim(member.type, name, label);
    }
  }
  return homes;
}

/** Interfaces that have a package, by it; one that is imported and exported is there once, with all that either names. */
function packagesOf({ imports, instance }: ComponentType): Packages {
  const packages = new Map<string, Map<string, Map<string, ExternType>>>();
  for (const [name, extern] of [...imports, ...instance.exports]) {
    const place = packageOf(name);
    if (extern.kind !== "instance" || place === undefined) continue;
    const interfaces = packages.get(place.name) ?? new Map<string, Map<string, ExternType>>();
    const externs = interfaces.get(place.interfaceName) ?? new Map<string, ExternType>();
    for (const [label, member] of extern.type.exports) if (!externs.has(label)) externs.set(label, member);
    packages.set(place.name, interfaces.set(place.interfaceName, externs));
  }
  return packages;
}

function* packageText(
  packageName: string,
  interfaces: ReadonlyMap<string, Externs>,
  homes: TypeHomes,
): Generator<string> {
  yield `\npackage ${packageName} {\n`;
  for (const [name, externs] of interfaces) {
    yield `  interface ${identifier(name)} {\n`;
    yield* interfaceText(externs, { name: qualified(packageName, name), homes, indent: "    " });
    yield "  }\n";
  }
  yield "}\n";
}

function qualified(packageName: string, interfaceName: string): string {
  const [path = "", version] = packageName.split("@");
  return `${path}/${interfaceName}${version === undefined ? "" : `@${version}`}`;
}

interface World {
  readonly homes: TypeHomes;
  readonly names: TypeNames;
}

function* externsText(direction: "import" | "export", externs: Externs, world: World): Generator<string> {
  for (const [name, extern] of externs) {
    if (extern.kind === "func") {
      yield `  ${direction} `;
      yield* functionItem(name, extern.type, { names: world.names, indent: "" });
    } else if (extern.kind === "instance") {
      yield* instanceText(`  ${direction} `, name, { externs: extern.type.exports, homes: world.homes });
    } else {
      yield* unwritable(name, `${direction} of a ${extern.kind}`, "  ");
    }
  }
}

function* instanceText(
  start: string,
  name: string,
  { externs, homes }: { readonly externs: Externs; readonly homes: TypeHomes },
): Generator<string> {
  if (packageOf(name) !== undefined) {
    yield `${start}${name};\n`;
    return;
  }
  yield `${start}${identifier(name)}: interface {\n`;
  yield* interfaceText(externs, { name, homes, indent: "    " });
  yield "  }\n";
}
