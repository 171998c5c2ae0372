export { formatProblem, type Problem } from "../schema/index.ts";
export { readLimits } from "./limits.ts";
export { type ManifestFile, type ManifestReading, readManifests } from "./read-manifests.ts";
