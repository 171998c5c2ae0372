export { describeObject, type OutputFormat, outputFormats, printObjects, qualifiedName } from "./print.ts";
export { formatTable } from "./table.ts";
