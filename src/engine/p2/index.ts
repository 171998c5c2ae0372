export type { VersionedPackages } from "./offered-interfaces.ts";
export {
  createP2Host,
  packagesOfP2,
  type HostPackages,
  type HostTools,
  type P2Config,
  type P2Host,
} from "./p2-host.ts";
