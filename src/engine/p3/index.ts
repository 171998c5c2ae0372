export { createP3Host } from "./p3-host.ts";
