export { exportsHandler, moduleExportsHandler } from "./exports-handler.ts";
export type { HttpProgram } from "./http-program.ts";
export { type HttpRouted, type HttpServiceConfig, serveComponent, serveRoutes } from "./http-service.ts";
export { httpServiceDefaults, type HttpServiceOptions } from "./service-options.ts";
