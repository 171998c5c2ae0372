import { randomUUID } from "node:crypto";

import { type KubeClient, resourceTypes } from "#kube";

/** What kubelet reports at most. */
const IMAGES = 50;
const CONDITIONS = ["MemoryPressure", "DiskPressure", "PIDPressure", "Ready"];
/** Requests side by side. */
const WRITERS = 16;

/** Makes Nodes as large as those of a cloud: about 15 kB of JSON, most of it the names of images. */
export async function makeNodes(client: KubeClient, count: number): Promise<readonly string[]> {
  const names = Array.from({ length: count }, (_, index) => `node-${index}.europe-west.example.com`);
  await forEachOf(names, async (name) => {
    await client.create(resourceTypes.node, { metadata: { name, labels: labelsOf(name) } });
    const body = { status: statusOf(name) };
    await client.patch(resourceTypes.node, { name }, { kind: "merge", body }, { subresource: "status" });
  });
  return names;
}

/** What kubelet writes every five minutes though nothing has happened. */
export async function beat(client: KubeClient, name: string): Promise<void> {
  const body = { status: { conditions: conditions() } };
  await client.patch(resourceTypes.node, { name }, { kind: "merge", body }, { subresource: "status" });
}

async function forEachOf(names: readonly string[], act: (name: string) => Promise<void>): Promise<void> {
  const rest = names.values();
  await Promise.all(
    Array.from({ length: WRITERS }, async () => {
      for (const name of rest) await act(name);
    }),
  );
}

function labelsOf(name: string): Readonly<Record<string, string>> {
  return {
    "kubernetes.io/hostname": name,
    "kubernetes.io/os": "linux",
    "kubernetes.io/arch": "amd64",
    "node.kubernetes.io/instance-type": "n2-standard-4",
    "topology.kubernetes.io/region": "europe-west1",
    "topology.kubernetes.io/zone": "europe-west1-b",
  };
}

function statusOf(name: string): unknown {
  return {
    addresses: [{ type: "Hostname", address: name }],
    capacity: { cpu: "4", memory: "16Gi", pods: "110", "ephemeral-storage": "100Gi" },
    allocatable: { cpu: "3920m", memory: "13Gi", pods: "110", "ephemeral-storage": "50Gi" },
    conditions: conditions(),
    images: Array.from({ length: IMAGES }, (_, index) => {
      const repository = `registry.example.com/organisation/a-team/application-${index}`;
      const digest = randomUUID().replaceAll("-", "").repeat(2);
      return {
        names: [`${repository}@sha256:${digest}`, `${repository}:v1.${index}.0`],
        sizeBytes: 100_000_000 + index,
      };
    }),
    nodeInfo: {
      machineID: randomUUID(),
      systemUUID: randomUUID(),
      bootID: randomUUID(),
      kernelVersion: "6.12.0",
      osImage: "Debian GNU/Linux 13",
      containerRuntimeVersion: "containerd://2.1.4",
      kubeletVersion: "v1.34.4",
      kubeProxyVersion: "",
      operatingSystem: "linux",
      architecture: "amd64",
    },
  };
}

function conditions(): unknown {
  const now = `${new Date().toISOString().slice(0, -5)}Z`;
  return CONDITIONS.map((type) => ({
    type,
    status: type === "Ready" ? "True" : "False",
    reason: "KubeletReports",
    message: `kubelet says so of ${type}`,
    lastHeartbeatTime: now,
    lastTransitionTime: "2026-01-01T00:00:00Z",
  }));
}
