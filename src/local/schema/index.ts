export { Cursor } from "./cursor.ts";
export { ignored, ignoredSo, objectOf, optional, required, type UnsupportedField, withDefault } from "./fields.ts";
export * from "./formats.ts";
export { treeOfJson } from "./json-tree.ts";
export { type FieldValidation, formatProblem, type Problem, ProblemList } from "./problem.ts";
export * from "./schema.ts";
export { type MapEntry, type Position, type Tree } from "./tree.ts";
