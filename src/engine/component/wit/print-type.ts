import type { FunctionType, Member, ValueType } from "../types/types.ts";
import { identifier } from "./identifier.ts";
import type { TypeNames } from "./type-names.ts";

/**
 * A type as WIT writes it, piece by piece: written out, a type of a small file can be longer than memory, so whoever
 * takes the pieces decides when it is enough.
 */
export function* typeText(type: ValueType, names: TypeNames): Generator<string> {
  const name = names.nameOf(type);
  if (name === undefined) yield* writtenOut(type, names);
  else yield identifier(name);
}

/** A type by its parts, whether it has a name or not. */
export function* writtenOut(type: ValueType, names: TypeNames): Generator<string> {
  switch (type.kind) {
    case "primitive":
      yield type.type;
      return;
    case "own":
    case "borrow": {
      const resource = identifier(names.nameOf(type.resource) ?? "unnamed");
      yield type.kind === "own" ? resource : `borrow<${resource}>`;
      return;
    }
    case "list":
      yield* generic("list", [type.element], names, type.length === undefined ? "" : `, ${type.length}`);
      return;
    case "option":
      yield* generic("option", [type.type], names);
      return;
    case "tuple":
      yield* generic("tuple", type.types, names);
      return;
    case "map":
      yield* generic("map", [type.key, type.value], names);
      return;
    case "stream":
    case "future":
      yield* generic(type.kind, type.element === undefined ? [] : [type.element], names);
      return;
    case "result":
      yield* resultText(type, names);
      return;
    case "record":
    case "variant":
    case "flags":
    case "enum":
      // Valid components name these; one that is seen from nowhere may not.
      yield* inlineBody(type, names);
  }
}

function* generic(word: string, parts: readonly ValueType[], names: TypeNames, last = ""): Generator<string> {
  yield word;
  if (parts.length === 0) return;
  let separator = "<";
  for (const part of parts) {
    yield separator;
    yield* typeText(part, names);
    separator = ", ";
  }
  yield `${last}>`;
}

function* resultText({ ok, err }: Extract<ValueType, { kind: "result" }>, names: TypeNames): Generator<string> {
  yield "result";
  if (ok === undefined && err === undefined) return;
  yield "<";
  if (ok === undefined) yield "_";
  else yield* typeText(ok, names);
  if (err !== undefined) {
    yield ", ";
    yield* typeText(err, names);
  }
  yield ">";
}

export type BodyType = Extract<ValueType, { kind: "record" | "variant" | "flags" | "enum" }>;

function* inlineBody(type: BodyType, names: TypeNames): Generator<string> {
  yield `${type.kind} { `;
  for (const member of bodyMembers(type)) {
    yield* memberText(type, member, names);
    yield ", ";
  }
  yield "}";
}

interface BodyMember {
  readonly name: string;
  readonly type: ValueType | undefined;
}

/** What stands between the braces of a type. */
export function bodyMembers(type: BodyType): readonly BodyMember[] {
  switch (type.kind) {
    case "record":
      return type.fields;
    case "variant":
      return type.cases;
    case "flags":
    case "enum":
      return type.names.map((name) => ({ name, type: undefined }));
  }
}

export function* memberText(type: BodyType, member: BodyMember, names: TypeNames): Generator<string> {
  yield identifier(member.name);
  if (member.type === undefined) return;
  yield type.kind === "record" ? ": " : "(";
  yield* typeText(member.type, names);
  if (type.kind === "variant") yield ")";
}

/** Parameters and result: `(a: u32) -> string`. */
export function* signatureText(
  { parameters, result }: Pick<FunctionType, "parameters" | "result">,
  names: TypeNames,
): Generator<string> {
  yield* parametersText(parameters, names);
  if (result === undefined) return;
  yield " -> ";
  yield* typeText(result, names);
}

export function* parametersText(parameters: readonly Member[], names: TypeNames): Generator<string> {
  let separator = "";
  yield "(";
  for (const { name, type } of parameters) {
    yield `${separator}${identifier(name)}: `;
    yield* typeText(type, names);
    separator = ", ";
  }
  yield ")";
}
