export { createP1Host, type P1Config, p1ModuleName } from "./p1-host.ts";
