import type { KubeObject, LocalClient, Pod } from "#local";

import type { Io } from "../frame/io.ts";
import { writeText } from "../frame/write-text.ts";
import { isOwnerOf, namespacesOf } from "./owned-pods.ts";
import { prefixLines } from "./prefix-lines.ts";

interface FollowOptions {
  readonly io: Io;
  readonly signal: AbortSignal;
}

/**
 * Shows the output of the pods that belong to `objects`, those that are made later and every restart included, until
 * the signal aborts. Each line begins with its pod, as docker compose has it.
 */
export async function followPods(
  client: LocalClient,
  objects: readonly KubeObject[],
  options: FollowOptions,
): Promise<void> {
  const namespaces = namespacesOf(objects);
  await Promise.all(namespaces.map((namespace) => followNamespace(client, { objects, namespace, ...options })));
}

interface NamespaceFollowing extends FollowOptions {
  readonly objects: readonly KubeObject[];
  readonly namespace: string;
}

async function followNamespace(client: LocalClient, following: NamespaceFollowing): Promise<void> {
  const { objects, namespace, signal } = following;
  const followed = new Map<string, Promise<void>>();
  for await (const line of client.watch({ kind: "Pod", namespace }, signal)) {
    if (line.type === "SYNCED" || line.type === "DELETED" || line.object.kind !== "Pod") continue;
    const pod = line.object;
    if (!objects.some((object) => isOwnerOf(object, pod))) continue;
    for (const { name: container, restartCount, state } of pod.status?.containerStatuses ?? []) {
      const run = [pod.metadata.uid, container, restartCount].join("/");
      const hasOutput = state.running !== undefined || state.terminated !== undefined;
      if (hasOutput && !followed.has(run)) followed.set(run, showRun(client, pod, container, following));
    }
  }
  await Promise.all(followed.values());
}

async function showRun(client: LocalClient, pod: Pod, container: string, { io, signal }: FollowOptions): Promise<void> {
  const { namespace, name } = pod.metadata;
  const prefix = `${pod.spec.containers.length > 1 ? `${name}/${container}` : name} | `;
  for await (const text of client.logs({ namespace, pod: name, container, follow: true, signal })) {
    await writeText(io.stdout, prefixLines(text, prefix));
  }
}
