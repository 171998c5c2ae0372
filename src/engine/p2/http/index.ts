export { IncomingRequest } from "./incoming-messages.ts";
export { outgoingHandlerInterface } from "./outgoing-handler.ts";
export { ResponseOutparam } from "./outgoing-response.ts";
export { httpTypesInterface } from "./types.ts";
