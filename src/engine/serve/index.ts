export { exportsHandler, moduleExportsHandler } from "./exports-handler.ts";
export type { ChooseInside, ChooseProgram, CommandCall, HttpProgram, HttpRouted } from "./http-program.ts";
export { exportsMessageHandler } from "./message-instance.ts";
export type { MessageSink, MessageSource } from "./messages.ts";
export { type HttpServiceConfig, serveComponent, serveRoutes } from "./http-service.ts";
export { httpServiceDefaults, type HttpServiceOptions } from "./service-options.ts";
