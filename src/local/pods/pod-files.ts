import { constants } from "node:fs";
import { mkdir, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { KwasmError } from "#base";
import type { MountSpec } from "#node";
import type { Container, Pod, Volume, VolumeMount } from "../kinds/index.ts";
import { hostnameOf } from "./environment.ts";
import { formatHosts, formatResolvConf, type HostsEntry } from "./host-files.ts";
import { writePayload } from "./payload-directory.ts";
import { payloadOf, type VolumeSources } from "./volume-payload.ts";

/** Files that control makes for every container, by guest path. */
const HOST_FILE_NAMES = ["hosts", "hostname", "resolv.conf"] as const;

/**
 * The folder of one pod on this machine: `volumes/<name>`, `etc/<file>` and `tmp/<container>`. Guests are given these
 * and the image's own files, and nothing else.
 */
export class PodFiles {
  readonly #root: string;
  readonly #pod: Pod;
  #hosts = "";
  /** One writer at a time: each refresh waits for the one before it. */
  #last: Promise<void> = Promise.resolve();

  constructor(podDir: string, pod: Pod) {
    this.#root = podDir;
    this.#pod = pod;
  }

  /** Makes what is missing and brings the rest up to date. Throws `not-found` for a ConfigMap or Secret that is not there. */
  prepare(podIP: string, hosts: readonly HostsEntry[], sources: VolumeSources): Promise<void> {
    return this.#inTurn(async () => {
      await mkdir(join(this.#root, "etc"), { recursive: true, mode: 0o755 });
      await writeInPlace(this.#etc("hostname"), `${hostnameOf(this.#pod)}\n`);
      await writeInPlace(this.#etc("resolv.conf"), formatResolvConf(this.#pod.metadata.namespace));
      await this.#writeHosts(podIP, hosts);
      for (const volume of this.#pod.spec.volumes) await this.#writeVolume(volume, sources);
      for (const { name } of this.#pod.spec.containers) await mkdir(this.#tmp(name), { recursive: true, mode: 0o1777 });
    });
  }

  /** Services came or went. Guests see the new lines in the file that they have. */
  refreshHosts(podIP: string, hosts: readonly HostsEntry[]): Promise<void> {
    return this.#inTurn(() => this.#writeHosts(podIP, hosts));
  }

  /** A ConfigMap or Secret changed. One that is gone leaves the last content, as the kubelet does. */
  refreshVolumes(isConcerned: (volume: Volume) => boolean, sources: VolumeSources): Promise<void> {
    return this.#inTurn(async () => {
      for (const volume of this.#pod.spec.volumes.filter(isConcerned)) await this.#writeVolume(volume, sources);
    });
  }

  /** What a container sees, the image's own root first. Throws for a mount that would not be safe. */
  mountsOf(container: Container, imageRoot: string | undefined): MountSpec[] {
    const mounted = new Set(container.volumeMounts.map(({ mountPath }) => mountPath));
    const own = HOST_FILE_NAMES.map((name) => ({
      hostPath: this.#etc(name),
      guestPath: `/etc/${name}`,
      readOnly: true,
    }));
    const tmp = { hostPath: this.#tmp(container.name), guestPath: "/tmp", readOnly: false };
    return [
      ...(imageRoot === undefined ? [] : [{ hostPath: imageRoot, guestPath: "/", readOnly: true }]),
      ...[...own, tmp].filter(({ guestPath }) => !mounted.has(guestPath)),
      ...container.volumeMounts.map((mount) => this.#mountOf(mount)),
    ];
  }

  /** Where a Spin application keeps its data: for as long as its pod is there, over restarts of the container. */
  async spinStorageOf({ name }: Container): Promise<{ readonly keyValuePath: string; readonly sqlitePath: string }> {
    const directory = join(this.#root, "spin", name);
    await mkdir(directory, { recursive: true, mode: 0o700 });
    return { keyValuePath: join(directory, "sqlite_key_value.db"), sqlitePath: join(directory, "sqlite_db.db") };
  }

  async remove(): Promise<void> {
    await this.#last;
    await rm(this.#root, { recursive: true, force: true });
  }

  #mountOf(mount: VolumeMount): MountSpec {
    const volume = this.#pod.spec.volumes.find(({ name }) => name === mount.name);
    if (volume === undefined) {
      throw new KwasmError(
        "invalid-argument",
        `mount volume "${mount.name}": the pod does not have it; add it to volumes`,
      );
    }
    const isGuestsOwn = volume.emptyDir !== undefined;
    if (isGuestsOwn && mount.subPath !== undefined) {
      // The guest could put a link there and have control open what it points to (CVE-2021-25741).
      throw new KwasmError(
        "unsupported",
        `mount volume "${mount.name}" with subPath "${mount.subPath}": subPath works for configMap and secret volumes; mount the whole emptyDir`,
      );
    }
    const hostPath = join(this.#volume(mount.name), mount.subPath ?? "");
    return { hostPath, guestPath: mount.mountPath, readOnly: mount.readOnly || !isGuestsOwn };
  }

  async #writeVolume(volume: Volume, sources: VolumeSources): Promise<void> {
    const directory = this.#volume(volume.name);
    const files = payloadOf(volume, sources);
    if (files === undefined) await mkdir(directory, { recursive: true, mode: 0o777 });
    else await writePayload(directory, files);
  }

  async #writeHosts(podIP: string, entries: readonly HostsEntry[]): Promise<void> {
    const text = formatHosts(podIP, hostnameOf(this.#pod), this.#pod.metadata.namespace, entries);
    if (text === this.#hosts) return;
    await writeInPlace(this.#etc("hosts"), text);
    this.#hosts = text;
  }

  /** A failed turn is its caller's to report; the next one runs all the same. */
  #inTurn(task: () => Promise<void>): Promise<void> {
    const turn = this.#last.then(task);
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  #etc(name: (typeof HOST_FILE_NAMES)[number]): string {
    return join(this.#root, "etc", name);
  }

  #volume(name: string): string {
    return join(this.#root, "volumes", name);
  }

  #tmp(containerName: string): string {
    return join(this.#root, "tmp", containerName);
  }
}

/** Keeps the file itself, which guests hold open: a rename would leave them with the old one. */
async function writeInPlace(path: string, text: string): Promise<void> {
  const bytes = Buffer.from(text);
  const file = await open(path, constants.O_CREAT | constants.O_WRONLY, 0o644);
  try {
    await file.write(bytes, 0, bytes.length, 0);
    await file.truncate(bytes.length);
  } finally {
    await file.close();
  }
}
