export type { SpinApplication } from "./application.ts";
export { readLockedApplication } from "./locked/read-locked.ts";
export { readSpinManifest } from "./manifest/read-manifest.ts";
