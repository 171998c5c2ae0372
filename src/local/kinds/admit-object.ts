import { Cursor, type FieldValidation, ProblemList, treeOfJson } from "../schema/index.ts";
import type { KubeObject } from "./kube-object.ts";
import { kindOf } from "./table.ts";

/** A whole object, or the first thing that is wrong with it. */
export type Admission = { readonly object: KubeObject } | { readonly refusal: string };

/**
 * Reads an object again that was read from a manifest before: one that a command sends, or that the disk has kept. It
 * comes back as it was; whatever else claims to be an object is refused by the kind's own rules. Never throws.
 */
export function admitObject(value: unknown, fieldValidation: FieldValidation): Admission {
  const tree = treeOfJson(value);
  if (tree === undefined) return { refusal: "it is nested too deeply" };
  const list = new ProblemList(fieldValidation, "admitted");
  const cursor = new Cursor(tree, { path: "", file: "", list });
  const kind = cursor.field("kind")?.tree;
  const definition = kind?.kind === "scalar" ? kindOf(String(kind.value)) : undefined;
  if (definition === undefined) return { refusal: "kind: it is none of those that run here" };
  const object = definition.read(cursor);
  const [problem] = list.problems;
  if (object !== undefined && problem === undefined) return { object };
  return { refusal: problem === undefined ? "it is malformed" : `${problem.path || "object"}: ${problem.message}` };
}
