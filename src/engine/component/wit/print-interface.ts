import { parseExternName } from "../types/extern-name.ts";
import { type DefinedType, type ExternType, type FunctionType, isValueType } from "../types/types.ts";
import { identifier } from "./identifier.ts";
import { bodyMembers, memberText, parametersText, signatureText, typeText, writtenOut } from "./print-type.ts";
import { type Home, type TypeHomes, TypeNames } from "./type-names.ts";

export type Externs = ReadonlyMap<string, ExternType>;

/** What stands between the braces of an interface, each line behind `indent`. */
export function* interfaceText(
  externs: Externs,
  { name, homes, indent }: { readonly name: string; readonly homes: TypeHomes; readonly indent: string },
): Generator<string> {
  const names = new TypeNames(homes, name, externs.keys());
  const context = { names, indent, members: membersOfResources(externs), homes: defineTypes(externs, names) };
  for (const [label, extern] of externs) {
    if (extern.kind === "type") yield* typeItem(label, extern.type, context);
    else if (extern.kind !== "func") yield* unwritable(label, extern.kind, indent);
    else if (parseExternName(label)?.kind === "plain") yield* functionItem(label, extern.type, { names, indent });
  }
  for (const [local, home] of names.uses) yield* useItem(local, home, { names, indent });
}

/** Names all types before anything is written: functions may stand before the types that they name. */
function defineTypes(externs: Externs, names: TypeNames): ReadonlyMap<string, Home> {
  const homes = new Map<string, Home>();
  for (const [label, extern] of externs) {
    const home = extern.kind === "type" ? names.define(extern.type, label) : undefined;
    if (home !== undefined) homes.set(label, home);
  }
  return homes;
}

/** `name: func(…) -> …;` */
export function* functionItem(
  label: string,
  type: FunctionType,
  { names, indent, prefix = "" }: Place & { readonly prefix?: string },
): Generator<string> {
  yield `${indent}${identifier(label)}: ${prefix}${type.async ? "async " : ""}func`;
  yield* signatureText(type, names);
  yield ";\n";
}

/** What components can have and WIT cannot say. */
export function* unwritable(label: string, kind: string, indent: string): Generator<string> {
  yield `${indent}// ${kind} ${label}: WIT has no words for it\n`;
}

/** `use wasi:io/streams@0.2.6.{input-stream};`, where an interface of the same package goes by its own name. */
export function* useItem(local: string, home: Home, { names, indent }: Place): Generator<string> {
  const renaming = local === home.name ? "" : ` as ${identifier(local)}`;
  const [ownPackage, path] = [packageOf(names.interfaceName), packageOf(home.interfaceName)];
  const isNear = ownPackage !== undefined && ownPackage.name === path?.name;
  const from = isNear ? identifier(path?.interfaceName ?? "") : home.interfaceName;
  yield `${indent}use ${from}.{${identifier(home.name)}${renaming}};\n`;
}

/** `wasi:io/poll@0.2.6` is `poll` of `wasi:io@0.2.6`; undefined for a name of another kind. */
export function packageOf(name: string): { readonly name: string; readonly interfaceName: string } | undefined {
  const parsed = parseExternName(name);
  if (parsed?.kind !== "interface") return undefined;
  const [path = "", interfaceName = ""] = parsed.path.split("/");
  return { name: parsed.version === undefined ? path : `${path}@${parsed.version}`, interfaceName };
}

/** Where lines are written. */
interface Place {
  readonly names: TypeNames;
  readonly indent: string;
}

interface TypeContext extends Place {
  readonly members: ReadonlyMap<string, readonly ResourceMember[]>;
  /** Types that are only named here, with where they are at home. */
  readonly homes: ReadonlyMap<string, Home>;
}

function* typeItem(label: string, type: DefinedType, context: TypeContext): Generator<string> {
  const { names, indent } = context;
  const home = context.homes.get(label);
  if (home !== undefined) {
    yield* aliasItem(label, home, context);
  } else if (type.kind === "resource") {
    yield* resourceItem(label, context);
  } else if (!isValueType(type)) {
    yield* unwritable(label, type.kind, indent);
  } else if (type.kind === "record" || type.kind === "variant" || type.kind === "flags" || type.kind === "enum") {
    yield `${indent}${type.kind} ${identifier(label)} {\n`;
    for (const member of bodyMembers(type)) {
      yield `${indent}  `;
      yield* memberText(type, member, names);
      yield ",\n";
    }
    yield `${indent}}\n`;
  } else {
    yield `${indent}type ${identifier(label)} = `;
    yield* writtenOut(type, names);
    yield ";\n";
  }
}

function* aliasItem(label: string, home: Home, { names, indent }: TypeContext): Generator<string> {
  if (home.interfaceName === names.interfaceName) {
    yield `${indent}type ${identifier(label)} = ${identifier(home.name)};\n`;
  } else {
    yield* useItem(label, home, { names, indent });
  }
}

interface ResourceMember {
  readonly kind: "constructor" | "method" | "static";
  readonly label: string;
  readonly type: FunctionType;
}

/** Constructors, methods and static functions by the names of their resources. */
function membersOfResources(externs: Externs): ReadonlyMap<string, readonly ResourceMember[]> {
  const members = new Map<string, ResourceMember[]>();
  for (const [name, extern] of externs) {
    const parsed = parseExternName(name);
    if (extern.kind !== "func" || parsed === undefined) continue;
    if (parsed.kind === "plain" || parsed.kind === "interface") continue;
    const list = members.get(parsed.resource) ?? [];
    list.push({ kind: parsed.kind, label: "label" in parsed ? parsed.label : "", type: extern.type });
    members.set(parsed.resource, list);
  }
  return members;
}

function* resourceItem(label: string, { names, indent, members }: TypeContext): Generator<string> {
  const own = members.get(label);
  if (own === undefined) {
    yield `${indent}resource ${identifier(label)};\n`;
    return;
  }
  yield `${indent}resource ${identifier(label)} {\n`;
  for (const member of own) yield* resourceMember(member, names, `${indent}  `);
  yield `${indent}}\n`;
}

function* resourceMember({ kind, label, type }: ResourceMember, names: TypeNames, indent: string): Generator<string> {
  if (kind === "constructor") {
    yield `${indent}constructor`;
    yield* parametersText(type.parameters, names);
    if (type.result?.kind === "result") {
      yield " -> ";
      yield* typeText(type.result, names);
    }
    yield ";\n";
  } else if (kind === "static") {
    yield* functionItem(label, type, { names, indent, prefix: "static " });
  } else {
    yield* functionItem(label, { ...type, parameters: type.parameters.slice(1) }, { names, indent });
  }
}
