export { clientInterface } from "./client.ts";
export { Request, Response } from "./messages.ts";
export { httpTypesInterface } from "./types.ts";
