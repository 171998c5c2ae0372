import { KwasmError } from "#base";
import type { Deployment, KubeObject, LocalClient } from "#local";

interface WaitOptions {
  readonly signal: AbortSignal;
  /** Told what is still missing, each time that changes. */
  readonly progress: (line: string) => void;
}

/** Resolves once every Deployment has its pods and every single Pod is ready or has ended. */
export async function waitUntilReady(
  client: LocalClient,
  objects: readonly KubeObject[],
  options: WaitOptions,
): Promise<void> {
  await Promise.all(objects.map((object) => waitForObject(client, object, options)));
}

async function waitForObject(client: LocalClient, object: KubeObject, options: WaitOptions): Promise<void> {
  const { signal } = options;
  try {
    if (object.kind === "Deployment") {
      await Promise.all([
        client.waitForRollout(object.metadata.namespace, object.metadata.name, signal),
        reportRollout(client, object, options),
      ]);
    } else if (object.kind === "Pod") await client.waitForPod(object.metadata.namespace, object.metadata.name, signal);
  } catch (thrown) {
    if (!isTimeout(signal)) throw thrown;
    const { kind, metadata } = object;
    const advice = `kwasm describe ${kind.toLowerCase()} ${metadata.name} -n ${metadata.namespace ?? ""}`;
    throw new KwasmError(
      "deadline-exceeded",
      `wait for ${kind} "${metadata.name}": it is not ready yet; see '${advice}'`,
      {
        cause: thrown,
      },
    );
  }
}

/** Says how far a rollout is until it is through. */
async function reportRollout(client: LocalClient, { metadata }: Deployment, options: WaitOptions): Promise<void> {
  const query = { kind: "Deployment", namespace: metadata.namespace, name: metadata.name } as const;
  let said = "";
  for await (const line of client.watch(query, options.signal)) {
    if (line.type === "SYNCED" || line.object.kind !== "Deployment") continue;
    const { spec, status } = line.object;
    const available = status?.availableReplicas ?? 0;
    if (available >= spec.replicas) return;
    const sentence = `Waiting for deployment "${metadata.name}": ${available} of ${spec.replicas} pods are available`;
    if (sentence !== said) options.progress(sentence);
    said = sentence;
  }
}

function isTimeout(signal: AbortSignal): boolean {
  return signal.reason instanceof DOMException && signal.reason.name === "TimeoutError";
}
