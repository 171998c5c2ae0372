export { HostError, type HostErrorCode } from "../host-error.ts";
export { DescriptorBudget } from "./descriptor-budget.ts";
export type {
  Advice,
  Directory,
  DirectoryEntry,
  FileStat,
  FileType,
  Mount,
  MountTree,
  NewTime,
  NewTimes,
  OpenOptions,
  RegularFile,
} from "./file-types.ts";
export { openDirectoryGrant, openMountTree } from "./mount-tree.ts";
