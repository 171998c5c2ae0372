export {
  describeObject,
  type OutputFormat,
  outputFormats,
  printObjects,
  type PrintOptions,
  qualifiedName,
} from "./print.ts";
