export { annotations, formatMappedPorts, labels, type MappedPorts, parseMappedPorts, SHIM_PREFIX } from "./labels.ts";
export {
  formatInstallReport,
  type InstallOutcome,
  type InstallReport,
  parseInstallReport,
  REPORT_BYTES_MAX,
} from "./install-report.ts";
export { parseOutboundHosts } from "./outbound-hosts.ts";
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
export {
  defaultHandlerOf,
  isRuntimeHandler,
  type RuntimeHandler,
  runtimeHandlers,
  shimFileOf,
} from "./runtime-names.ts";
