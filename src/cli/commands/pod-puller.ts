import { findInSecrets, pullImage, type PullSecret } from "#image";

import type { Io } from "../frame/io.ts";
import { openImageStore } from "./image-store.ts";
import { openCredentialStore, openRegistryAccess } from "./registry-access.ts";

/** Pulls for pods: as `kwasm pull`, with what a pod's secrets know of a registry before the user's own credentials. */
export function createPodPuller(
  stateDirectory: string,
  io: Io,
): (name: string, secrets: readonly PullSecret[], signal: AbortSignal) => Promise<unknown> {
  return async (name, secrets, signal) => {
    // Made anew for each pull, as configuration and credentials change while control runs.
    using access = openRegistryAccess({}, io);
    const own = openCredentialStore({}, io);
    return await pullImage({
      store: openImageStore(stateDirectory),
      name,
      access,
      signal,
      credentials: async (registry, repository) =>
        findInSecrets(secrets, registry, repository) ?? (await own.find(registry, repository)),
    });
  };
}
