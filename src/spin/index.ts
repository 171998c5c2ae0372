export type { SpinApplication, SpinComponent, SpinContent, StaticAnswer } from "./application.ts";
export { type LockedApplication, lockApplication } from "./locked/lock-application.ts";
export { readLockedApplication } from "./locked/read-locked.ts";
export { readSpinManifest } from "./manifest/read-manifest.ts";
export type {
  ApplicationSpec,
  ComponentFacts,
  ComponentSpec,
  DependencyFacts,
  FoundMount,
  KeyValueStoreSpec,
  RouteSpec,
  SqliteDatabaseSpec,
  StorageSpec,
  SubscriptionSpec,
} from "./plan/application-spec.ts";
export { type ApplicationWorkload, workloadOfApplication } from "./plan/application-workload.ts";
export { blobContent, type ContentFinder } from "./plan/content-finder.ts";
export { type ApplicationArtifact, planArtifact } from "./plan/plan-artifact.ts";
export { planApplication } from "./plan/plan-application.ts";
export { listApplication } from "./plan/list-files.ts";
export { findImageManifest, planManifest, readManifest } from "./plan/plan-directory.ts";
export { type RouteMatch, Router } from "./route/router.ts";
export { readContainerConfig } from "./runtime-config/container-config.ts";
export { readRuntimeConfig } from "./runtime-config/read-runtime-config.ts";
export type { RuntimeConfig } from "./runtime-config/runtime-config.ts";
export { storageIn } from "./plan/storage-files.ts";
