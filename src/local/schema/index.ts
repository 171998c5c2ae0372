export { Cursor } from "./cursor.ts";
export {
  ignored,
  ignoredSo,
  objectOf,
  type ObjectSchema,
  optional,
  required,
  type UnsupportedField,
  withDefault,
} from "./fields.ts";
export * from "./formats.ts";
export { nearestWord } from "./nearest-word.ts";
export { type FieldValidation, formatProblem, type Problem, ProblemList } from "./problem.ts";
export * from "./schema.ts";
export {
  isEmptyTree,
  type ListTree,
  type MapEntry,
  type MapTree,
  type Position,
  type ScalarTree,
  type Tree,
  typeOfTree,
  valueOfTree,
} from "./tree.ts";
