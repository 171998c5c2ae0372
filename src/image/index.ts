export type { Digest } from "./digest.ts";
export type { ImageConfig, Platform } from "./document.ts";
export { type Image, type ImageSource, openImage } from "./image.ts";
export { type ImageLimits, imageLimits } from "./limits.ts";
export { formatReference, meaningsOf, parseLocalName, type Reference } from "./reference.ts";
export { type ContainerCommand, type ContainerEntry, resolveEntry } from "./entry/resolve-entry.ts";
export { type ImageStore, openStore, type StoredImage } from "./store/store.ts";
export { pruneUnpacked, unpackImage, type UnpackedImage } from "./unpack/unpack.ts";
