export { exportsHandler } from "./exports-handler.ts";
export { serveComponent } from "./http-service.ts";
export { httpServiceDefaults, type HttpServiceOptions } from "./service-options.ts";
