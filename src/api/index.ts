export { annotations, formatMappedPorts, labels, type MappedPorts, parseMappedPorts } from "./labels.ts";
export {
  canonicalQuantity,
  compareQuantities,
  formatQuantity,
  parseQuantity,
  type Quantity,
  type QuantityFormat,
  quantityToMilli,
  quantityToNumber,
} from "./quantity.ts";
export { defaultHandlerOf, isRuntimeHandler, type RuntimeHandler, runtimeHandlers } from "./runtime-names.ts";
