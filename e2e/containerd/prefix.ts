import { existsSync, globSync, symlinkSync } from "node:fs";
import { join } from "node:path";

import { openCachedFolder } from "./cached-folder.ts";
import { type PackageList, unpackPackages } from "./debian-packages.ts";

/** The containerds that the rig knows, and the Debian suites that have them. */
const suites = { "1.6": "bookworm", "1.7": "trixie", "2": "sid" } as const;

export type ContainerdVersion = keyof typeof suites;
export const containerdVersions: readonly ContainerdVersion[] = ["1.6", "1.7", "2"];

/** Of the containerd's own suite; these Go programs need no newer C library than the oldest suite's. */
const ownPackages = ["containerd", "containernetworking-plugins"] as const;

/** Of the oldest suite for all: later runcs need a C library that is newer than that of a machine of that suite. */
const OLDEST_SUITE = "bookworm";
const oldestPackages = ["runc", "libseccomp2", "busybox-static"] as const;

/** A proxy with the libraries that it needs, of the oldest suite too. */
const proxyPackages = ["nginx", "libc6", "libcrypt1", "libpcre2-8-0", "libssl3", "zlib1g"] as const;

/** What CNI's portmap plugin and kube-proxy start, for machines that have no firewall of their own. */
const firewallPackages = [
  "iptables",
  "libip4tc2",
  "libip6tc2",
  "libmnl0",
  "libnetfilter-conntrack3",
  "libnfnetlink0",
  "libnftnl11",
  "libxtables12",
] as const;

/** What makes networks of nodes, likewise. */
const networkPackages = [
  "iproute2",
  "libbpf1",
  "libbsd0",
  "libcap2",
  "libelf1",
  "libmd0",
  "libmnl0",
  "zlib1g",
] as const;

/** What a rig starts, unpacked in a folder of its own: nothing of it is installed on the machine. */
export interface Prefix {
  readonly version: ContainerdVersion;
  /** Folders of programs, for PATH. */
  readonly programs: readonly string[];
  /** Folders of shared libraries, for LD_LIBRARY_PATH. */
  readonly libraries: readonly string[];
  readonly cniPlugins: string;
  /** A static busybox: the rig's own tools, and what native containers run. */
  readonly busybox: string;
  /** Variables that the programs need besides. */
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * The prefix of a containerd, fetched on its first use by the machine's own apt, which checks every package against
 * the signed index. The cache is outside the tree and may be deleted at any time; it is never updated, so delete it to
 * get a newer patch release.
 */
export async function openPrefix(version: ContainerdVersion): Promise<Prefix> {
  const root = await openFolder(version, [
    { suite: suites[version], packages: ownPackages },
    { suite: OLDEST_SUITE, packages: oldestPackages },
  ]);
  const firewall = await openFirewall();
  return {
    version,
    programs: [...["usr/bin", "usr/sbin"].map((folder) => join(root, folder)), ...firewall.programs],
    libraries: [...globSync(join(root, "usr/lib/*-linux-gnu")), ...firewall.libraries],
    cniPlugins: join(root, "usr/lib/cni"),
    busybox: join(root, "bin/busybox"),
    environment: firewall.environment,
  };
}

/** The folder with an nginx and its libraries, as Debian has them below its root. */
export function openProxy(): Promise<string> {
  return openFolder("proxy", [{ suite: OLDEST_SUITE, packages: proxyPackages }]);
}

/** The machine's own `ip`, or one that is unpacked like the rest. */
export async function openNetworkTools(): Promise<Pick<Prefix, "programs" | "libraries">> {
  if (isOnPath("ip")) return { programs: [], libraries: [] };
  const root = await openFolder("network", [{ suite: OLDEST_SUITE, packages: networkPackages }]);
  const libraries = globSync(["lib", "usr/lib"].map((folder) => join(root, folder, "*-linux-gnu")));
  return { programs: ["bin", "sbin"].map((folder) => join(root, folder)), libraries };
}

/** The machine's own iptables, or one that is unpacked like the rest. */
async function openFirewall(): Promise<Pick<Prefix, "programs" | "libraries" | "environment">> {
  if (isOnPath("iptables")) return { programs: [], libraries: [], environment: {} };
  const root = await openFolder(
    "iptables",
    [{ suite: OLDEST_SUITE, packages: firewallPackages }],
    linkFirewallPrograms,
  );
  const libraries = globSync(join(root, "usr/lib/*-linux-gnu"));
  const environment = { XTABLES_LIBDIR: join(libraries[0] ?? "", "xtables") };
  return { programs: [join(root, "usr/sbin")], libraries, environment };
}

function isOnPath(program: string): boolean {
  return (process.env["PATH"] ?? "").split(":").some((folder) => existsSync(join(folder, program)));
}

/** The package leaves these names to update-alternatives. */
function linkFirewallPrograms(unpacked: string): void {
  for (const family of ["iptables", "ip6tables"]) {
    for (const name of [family, `${family}-save`, `${family}-restore`]) {
      symlinkSync("xtables-nft-multi", join(unpacked, "usr/sbin", name));
    }
  }
}

function openFolder(name: string, lists: readonly PackageList[], finish?: (unpacked: string) => void): Promise<string> {
  return openCachedFolder(join("containerd", name), async (unpacked) => {
    await unpackPackages(lists, unpacked);
    finish?.(unpacked);
  });
}
