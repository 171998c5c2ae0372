import { createP2Host, packagesOfP2, type P2Config, type P2Host, type VersionedPackages } from "../p2/index.ts";
import { cliInterfaces } from "./cli.ts";
import { monotonicClockInterface, systemClockInterface, timezoneInterface } from "./clocks.ts";
import { filesystemTypesInterface, preopensInterface } from "./filesystem/types.ts";
import { clientInterface, httpTypesInterface } from "./http/index.ts";
import { insecureInterface, insecureSeedInterface, randomInterface } from "./random.ts";
import { socketInterfaces } from "./sockets/index.ts";

/** The release candidate has the same functions as 0.3.0, and toolchains name it still. */
const versions = [
  { version: "0.3.2", compatibleAs: "0.3" },
  { version: "0.3.0-rc-2026-03-15", compatibleAs: "0.3.0-rc-2026-03-15" },
];

/** WASI 0.2 and 0.3 for one component: those of 0.3 import interfaces of 0.2 too. */
export function createP3Host(config: P2Config): P2Host {
  return createP2Host(config, offered);
}

const packages: VersionedPackages["packages"] = {
  "wasi:cli": cliInterfaces,
  "wasi:clocks": (context) => ({
    "monotonic-clock": monotonicClockInterface(context),
    "system-clock": systemClockInterface(context),
    timezone: timezoneInterface,
  }),
  "wasi:filesystem": (context) => ({ types: filesystemTypesInterface(context), preopens: preopensInterface(context) }),
  "wasi:http": (context) => ({ types: httpTypesInterface(context), client: clientInterface(context) }),
  "wasi:random": (context) => ({
    random: randomInterface(context),
    insecure: insecureInterface(context),
    "insecure-seed": insecureSeedInterface(context),
  }),
  "wasi:sockets": socketInterfaces,
};

const offered: readonly VersionedPackages[] = [
  ...packagesOfP2,
  ...versions.map((version) => ({ ...version, packages })),
];
