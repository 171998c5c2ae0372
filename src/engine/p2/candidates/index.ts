import type { VersionedPackages } from "../offered-interfaces.ts";
import { httpTypesOf20231110 } from "./http-2023-11-10.ts";
import { httpTypesOf20231018, outgoingHandlerOf20231018 } from "./http-2023-10-18.ts";
import { monotonicClockOf20231018, pollOf20231018, streamsOf20231018 } from "./io-2023-10-18.ts";

type Packages = VersionedPackages["packages"];

/**
 * The release candidates of WASI 0.2 that published images were made for: what they have in common with 0.2 is the same,
 * what differs stands on it, and what 0.2 has nothing for is not offered.
 */
export function candidatePackages(packages: Packages): readonly VersionedPackages[] {
  return [
    versioned("0.2.0-rc-2023-11-10", {
      ...packages,
      "wasi:http": (context) => ({ ...packages["wasi:http"]?.(context), types: httpTypesOf20231110 }),
    }),
    versioned("0.2.0-rc-2023-10-18", packagesOf20231018(packages)),
  ];
}

/** Sockets were other ones then, and those who serve HTTP have none. */
function packagesOf20231018({ "wasi:sockets": _sockets, ...packages }: Packages): Packages {
  return {
    ...packages,
    "wasi:clocks": (context) => ({
      ...packages["wasi:clocks"]?.(context),
      "monotonic-clock": monotonicClockOf20231018(context),
    }),
    "wasi:http": (context) => ({ types: httpTypesOf20231018, "outgoing-handler": outgoingHandlerOf20231018(context) }),
    "wasi:io": (context) => ({ poll: pollOf20231018(context), streams: streamsOf20231018(context) }),
  };
}

function versioned(version: string, packages: Packages): VersionedPackages {
  return { version, compatibleAs: version, packages };
}
