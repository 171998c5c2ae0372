import { join } from "node:path";

import { type ImageStore, openStore } from "#image";

/** The local store, which pods start from too. */
export function openImageStore(stateDirectory: string): ImageStore {
  return openStore(join(stateDirectory, "images"));
}
