export { readLimits } from "./limits.ts";
export { type ManifestFile, type ManifestReading, readManifests, type ReadOptions } from "./read-manifests.ts";
