import { type ImageStore, openStore } from "#image";

import { imagesDirectoryOf } from "./control.ts";

/** The local store, which pods start from too. */
export function openImageStore(stateDirectory: string): ImageStore {
  return openStore(imagesDirectoryOf(stateDirectory));
}
