import { copyFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { hostname as hostnameOfNode } from "node:os";
import { join } from "node:path";

import type { MessageValue, PodSandboxConfig } from "#proto";

/**
 * The files of a pod that containerd mounts into its containers where they exist: linuxContainerMounts in
 * internal/cri/server/container_create.go. It makes them only for sandboxes that have a pause container.
 */
export class PodFiles {
  readonly #sandboxes: string;

  /** `root` is containerd's folder of persistent data. */
  constructor(root: string) {
    this.#sandboxes = join(root, "io.containerd.grpc.v1.cri", "sandboxes");
  }

  write(id: string, { hostname, dnsConfig }: MessageValue<typeof PodSandboxConfig>): void {
    const directory = join(this.#sandboxes, id);
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, "hostname"), `${hostname === "" ? hostnameOfNode() : hostname}\n`);
    copyFileSync("/etc/hosts", join(directory, "hosts"));
    const resolver = join(directory, "resolv.conf");
    if (dnsConfig === undefined) copyFileSync("/etc/resolv.conf", resolver);
    else writeFileSync(resolver, resolverOf(dnsConfig));
  }

  remove(id: string): void {
    rmSync(join(this.#sandboxes, id), { recursive: true, force: true });
  }
}

type DnsConfig = NonNullable<MessageValue<typeof PodSandboxConfig>["dnsConfig"]>;

/** resolv.conf(5), in the order in which containerd writes it. */
function resolverOf({ servers, searches, options }: DnsConfig): string {
  const lines = servers.map((server) => `nameserver ${server}\n`);
  if (searches.length > 0) lines.unshift(`search ${searches.join(" ")}\n`);
  if (options.length > 0) lines.push(`options ${options.join(" ")}\n`);
  return lines.join("");
}
