import { readFileSync } from "node:fs";
import { join } from "node:path";

import { KwasmError } from "#base";

import { askUntil } from "../../e2e/containerd/ask-until.ts";
import type { Cluster, KubeObject } from "./cluster.ts";
import { type ContainerSpec, idleNative, idleWasm, namespace, podOf } from "./objects.ts";

/** One row of what is checked; answers with what was seen, or throws. */
export interface Check {
  readonly what: string;
  readonly run: (cluster: Cluster) => Promise<string>;
}

const quickstart = join(import.meta.dirname, "../../examples/quickstart/quickstart.yaml");
const pods = `/api/v1/namespaces/${namespace}/pods`;

/** What a kubelet says of a container, as far as it is checked. */
interface ContainerStatus {
  readonly name: string;
  readonly restartCount: number;
  readonly resources?: { readonly limits?: Readonly<Record<string, string>> };
  readonly state?: Readonly<
    Record<string, { readonly reason?: string; readonly message?: string; readonly exitCode?: number }>
  >;
  readonly lastState?: ContainerStatus["state"];
}

export function statusesOf({ status }: KubeObject, field = "containerStatuses"): readonly ContainerStatus[] {
  // The API server gives pods this shape.
  return (status?.[field] ?? []) as readonly ContainerStatus[];
}

function isRunning(pod: KubeObject): boolean {
  const statuses = statusesOf(pod);
  return statuses.length > 0 && statuses.every(({ state }) => state?.["running"] !== undefined);
}

/** The ends that the containers of a pod have had. */
function endsOf(pod: KubeObject) {
  return statusesOf(pod).flatMap(({ state, lastState }) =>
    [state?.["terminated"] ?? [], lastState?.["terminated"] ?? []].flat(),
  );
}

async function startPod(cluster: Cluster, name: string, options: Parameters<typeof podOf>[1]): Promise<KubeObject> {
  await cluster.apply(podOf(name, options));
  return cluster.waitFor({ path: pods, name }, isRunning);
}

function expect(isSo: boolean, seen: string): string {
  if (isSo) return seen;
  throw new KwasmError("failed-precondition", seen);
}

function limited(image: string, memory: string): ContainerSpec {
  return { name: image, image: `localhost/${image}:v1`, resources: { limits: { memory } } };
}

async function serveQuickstart(cluster: Cluster): Promise<string> {
  const tag = ["images", "tag", "--force", "localhost/server:v1", "docker.io/library/hello:v1"];
  await cluster.onNode("ctr", "--namespace", "k8s.io", ...tag);
  await cluster.kubectl("apply", "-f", quickstart);
  try {
    const path = "/apis/apps/v1/namespaces/default/deployments";
    await cluster.waitFor({ path, name: "hello-wasm" }, ({ status }) => status?.["readyReplicas"] === 3);
    const answer = await askUntil("an answer of the Service", async () => {
      const service = "/api/v1/namespaces/default/services/hello-wasm:80/proxy/";
      return cluster.getText(service).catch(() => undefined);
    });
    return expect(answer.startsWith("Hello from hello-wasm-"), `the Service answers "${answer.trim()}"`);
  } finally {
    await cluster.kubectl("delete", "--wait=true", "-f", quickstart);
  }
}

/** What the kubelet's summary says of a pod; it measures every few seconds. */
function readSummary(cluster: Cluster, name: string, isThere: (pod: SummaryPod) => boolean): Promise<SummaryPod> {
  return askUntil(`statistics of pod "${name}"`, async () => {
    const node = (await cluster.kubectl("get", "nodes", "--output=jsonpath={.items[0].metadata.name}")).trim();
    const summary = (await cluster.get(`/api/v1/nodes/${node}/proxy/stats/summary`)) as {
      readonly pods: readonly SummaryPod[];
    };
    return summary.pods.find((pod) => pod.podRef.name === name && isThere(pod));
  });
}

interface Usage {
  readonly memory?: { readonly workingSetBytes?: number };
  readonly cpu?: { readonly usageCoreNanoSeconds?: number };
}

interface SummaryPod extends Usage {
  readonly podRef: { readonly name: string };
  readonly containers?: readonly Usage[];
}

function describeUsage({ memory, cpu }: Usage): string {
  return `${String(memory?.workingSetBytes)} bytes, ${String(cpu?.usageCoreNanoSeconds)} ns of CPU`;
}

function isUsage({ memory, cpu }: Usage): boolean {
  return (memory?.workingSetBytes ?? 0) > 0 && (cpu?.usageCoreNanoSeconds ?? 0) > 0;
}

export const podChecks: readonly Check[] = [
  { what: "the quickstart's Deployment serves", run: serveQuickstart },
  {
    what: "exec of a program says what there is instead",
    run: async (cluster) => {
      await startPod(cluster, "idle", { containers: [idleWasm] });
      const { isDone, said } = await cluster.tryKubectl("--namespace", namespace, "exec", "idle", "--", "ls", "/");
      return expect(!isDone && /\/kwasm|logs/.test(said), said);
    },
  },
  {
    what: "exec of /kwasm ps looks inside",
    run: async (cluster) => {
      await startPod(cluster, "idle", { containers: [idleWasm] });
      const { isDone, said } = await cluster.tryKubectl("--namespace", namespace, "exec", "idle", "--", "/kwasm", "ps");
      return expect(isDone, said);
    },
  },
  {
    what: "a native container runs beside a Wasm one",
    run: async (cluster) => {
      const native = { ...idleNative, name: "native" };
      await cluster.apply(podOf("mixed", { containers: [idleWasm, native] }));
      const pod = await cluster.waitFor(
        { path: pods, name: "mixed" },
        (one) => isRunning(one) || endsOf(one).length > 0,
      );
      return expect(isRunning(pod), JSON.stringify(endsOf(pod)));
    },
  },
  {
    what: "kubectl debug brings a native container",
    run: async (cluster) => {
      await startPod(cluster, "idle", { containers: [idleWasm] });
      const words = [
        "debug",
        "idle",
        `--image=${idleNative.image}`,
        "--container=looker",
        "--",
        "/bin/busybox",
        "sleep",
        "1000",
      ];
      await cluster.kubectl("--namespace", namespace, ...words);
      const pod = await cluster.waitFor({ path: pods, name: "idle" }, (one) => {
        const [looker] = statusesOf(one, "ephemeralContainerStatuses");
        const { running, terminated, waiting } = looker?.state ?? {};
        return running !== undefined || terminated !== undefined || waiting?.reason?.includes("Error") === true;
      });
      const [looker] = statusesOf(pod, "ephemeralContainerStatuses");
      return expect(looker?.state?.["running"] !== undefined, JSON.stringify(looker?.state));
    },
  },
  {
    what: "runAsNonRoot takes an image that we built",
    run: async (cluster) => {
      await cluster.apply(podOf("idle", { containers: [idleWasm], spec: { securityContext: { runAsNonRoot: true } } }));
      const pod = await cluster.waitFor(
        { path: pods, name: "idle" },
        (one) => isRunning(one) || isWaitingFor(one, "Error"),
      );
      return expect(isRunning(pod), JSON.stringify(statusesOf(pod).map(({ state }) => state)));
    },
  },
  {
    what: "a memory limit below the module's first memory is refused with both numbers",
    run: async (cluster) => {
      await cluster.apply(podOf("large", { containers: [limited("large", "8Mi")] }));
      const pod = await cluster.waitFor(
        { path: pods, name: "large" },
        (one) => isRunning(one) || isWaitingFor(one, "Error") || endsOf(one).length > 0,
      );
      const said = JSON.stringify(statusesOf(pod).map(({ state, lastState }) => ({ state, lastState })));
      return expect(!isRunning(pod) && said.includes("8388608") && said.includes("17825792"), said);
    },
  },
  {
    what: "a guest that passes its memory limit is OOMKilled",
    run: async (cluster) => {
      await cluster.apply(podOf("hungry", { containers: [limited("hungry", "32Mi")] }));
      const pod = await cluster.waitFor({ path: pods, name: "hungry" }, (one) => endsOf(one).length > 0);
      const [end] = endsOf(pod);
      return expect(end?.reason === "OOMKilled" && end.exitCode === 137, JSON.stringify(end));
    },
  },
  {
    what: "memory and CPU are changed in place",
    run: async (cluster) => {
      const resources = { limits: { memory: "32Mi", cpu: "100m" } };
      await startPod(cluster, "idle", { containers: [{ ...idleWasm, resources }] });
      const patch = {
        spec: {
          containers: [
            {
              name: "idle",
              resources: { limits: { memory: "64Mi", cpu: "200m" }, requests: { memory: "64Mi", cpu: "200m" } },
            },
          ],
        },
      };
      const words = ["patch", "pod", "idle", "--subresource=resize", `--patch=${JSON.stringify(patch)}`];
      await cluster.kubectl("--namespace", namespace, ...words);
      const pod = await askUntil("the new limits", async () => {
        const now = (await cluster.get(`${pods}/idle`)) as KubeObject;
        const [idle] = statusesOf(now);
        return idle?.resources?.limits?.["memory"] === "64Mi" ? now : undefined;
      });
      const [idle] = statusesOf(pod);
      return expect(idle?.restartCount === 0, JSON.stringify(idle?.resources));
    },
  },
  {
    what: "the statistics of a container have memory and CPU",
    run: async (cluster) => {
      await startPod(cluster, "idle", { containers: [idleWasm] });
      const { containers = [] } = await readSummary(cluster, "idle", (pod) => (pod.containers ?? []).some(isUsage));
      return containers.map(describeUsage).join(", ");
    },
  },
  {
    what: "the statistics of a pod with a cell of its own have memory and CPU",
    run: async (cluster) => {
      await startPod(cluster, "idle", { containers: [idleWasm], annotations: { "kwasm.sh/isolation": "pod" } });
      return describeUsage(await readSummary(cluster, "idle", isUsage));
    },
  },
  {
    what: "the runtime is not in containerd's cgroup",
    run: async (cluster) => {
      await startPod(cluster, "idle", { containers: [idleWasm] });
      const processes = cluster.readProcesses();
      const [theirs, ours] = (["containerd", "ours"] as const).map((role) => {
        return readMemoryCgroup(processes.find((one) => one.role === role)?.pid);
      });
      return expect(theirs !== ours, `containerd's is "${String(theirs)}", ours is "${String(ours)}"`);
    },
  },
];

function isWaitingFor(pod: KubeObject, reason: string): boolean {
  return statusesOf(pod).some(({ state }) => state?.["waiting"]?.reason?.includes(reason) === true);
}

/** The cgroup of memory: one path of v2, or that of v1's controller. */
function readMemoryCgroup(pid: number | undefined): string {
  const lines = readFileSync(`/proc/${String(pid)}/cgroup`, "utf8").split("\n");
  return lines.find((line) => line.includes(":memory:") || line.startsWith("0::/"))?.split(":")[2] ?? "";
}
