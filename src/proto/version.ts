import { message, nested, string } from "./message.ts";

/** What containerd is: api/services/version/v1/version.proto. */
export const VersionResponse = message("containerd.services.version.v1.VersionResponse", {
  version: string(1),
  revision: string(2),
});

/** What containerd reads of a shim's `-info`, without what we do not say: api/types/introspection.proto. */
export const RuntimeInfo = message("containerd.types.RuntimeInfo", {
  name: string(1),
  version: nested(2, message("containerd.types.RuntimeVersion", { version: string(1), revision: string(2) })),
});
