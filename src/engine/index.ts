export {
  type Guest,
  type GuestConfig,
  type GuestEnd,
  type GuestFrame,
  type MemoryRefusal,
  startGuest,
  type TrapKind,
} from "./guest/index.ts";
export {
  type Clocks,
  DescriptorBudget,
  discardedOutput,
  endedInput,
  type FillRandom,
  inputFromBytes,
  inputFromFd,
  type InputStream,
  type Listener,
  listenerFromFd,
  type Mount,
  type MountTree,
  openDirectoryGrant,
  openMountTree,
  outputFromFd,
  type OutputStream,
} from "./host/index.ts";
export { createLoader, type GuestModule, type Loader, type LoaderOptions, type LoadOptions } from "./loader/index.ts";
