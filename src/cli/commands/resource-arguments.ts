import { KwasmError } from "#base";
import { findKindByWord, kindOf, kinds, type KubeObject, type ObjectKey } from "#local";

export type Kind = KubeObject["kind"];

/** Options that several commands take, with kubectl's words. */
export const resourceOptions = {
  namespace: { short: "n", value: "NAME", summary: "Namespace (default: default)" },
  selector: { short: "l", value: "SELECTOR", summary: "Only objects with these labels, as in app=web,tier!=db" },
} as const;

/** What the operands of `get`, `describe` and `delete` name: all objects of kinds, or single ones. */
export interface ResourceArguments {
  readonly kinds: readonly Kind[];
  /** Empty where all objects of the kinds are meant. */
  readonly names: readonly { readonly kind: Kind; readonly name: string }[];
}

/** `all` as kubectl means it: what runs and serves, without configuration. */
const allKinds: readonly Kind[] = ["Pod", "Service", "Deployment"];

/** Reads `KIND[,KIND…] [NAME…]` or `KIND/NAME…`, every kind in any of its spellings. */
export function parseResources(operands: readonly string[]): ResourceArguments {
  const [first, ...rest] = operands;
  if (first === undefined) throw new KwasmError("invalid-argument", "KIND is missing: name one, such as pods");
  if (first.includes("/")) {
    const names = operands.map(parseResource);
    return { kinds: [...new Set(names.map(({ kind }) => kind))], names };
  }
  const named = first.toLowerCase() === "all" ? allKinds : first.split(",").map(parseKind);
  const wrong = rest.find((name) => name.includes("/"));
  if (wrong !== undefined) {
    throw new KwasmError("invalid-argument", `read "${wrong}": write KIND NAME… or KIND/NAME…, not both`);
  }
  return { kinds: named, names: rest.flatMap((name) => named.map((kind) => ({ kind, name }))) };
}

/** Reads `KIND/NAME`. */
export function parseResource(text: string): { readonly kind: Kind; readonly name: string } {
  const [kind = "", name = "", ...rest] = text.split("/");
  if (name !== "" && rest.length === 0) return { kind: parseKind(kind), name };
  throw new KwasmError("invalid-argument", `read "${text}": write KIND/NAME, such as deployment/web`);
}

function parseKind(word: string): Kind {
  const definition = findKindByWord(word);
  if (definition !== undefined) return definition.kind;
  const known = kinds.map(({ plural }) => plural).join(", ");
  throw new KwasmError("invalid-argument", `unknown kind "${word}": give one of ${known}`);
}

export function keyOf(kind: Kind, name: string, namespace: string): ObjectKey {
  return isNamespaced(kind) ? { kind, namespace, name } : { kind, name };
}

export function isNamespaced(kind: Kind): boolean {
  return kindOf(kind)?.isNamespaced ?? true;
}

/** `deployment.apps`: the kind as kubectl prints it before a name, with its API group. */
export function groupedKindOf(kind: string): string {
  const { apiVersion } = kindOf(kind) ?? { apiVersion: "v1" };
  const [group = "", version] = apiVersion.split("/");
  return version === undefined ? kind.toLowerCase() : `${kind.toLowerCase()}.${group}`;
}
