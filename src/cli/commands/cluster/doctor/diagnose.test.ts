import assert from "node:assert/strict";
import { test } from "node:test";

import type { KubeObject } from "#kube";
import { readSettings } from "#operator";

import { viewClusterNode } from "../cluster-node.ts";
import type { OperatorView } from "../find-operators.ts";
import { makeClass, makeNode, makePod, makeUnready, readyLabels } from "../testing/objects.ts";
import { findWasmClasses } from "../wasm-class.ts";
import type { ClusterFacts, InstallerJob } from "./cluster-facts.ts";
import { diagnose } from "./diagnose.ts";
import { formatFindings } from "./format-findings.ts";

const NOW_MS = Date.parse("2026-01-01T12:00:00Z");
const ready = { "kwasm.sh/ready": "true" };

const operator: OperatorView = {
  name: "kwasm-operator",
  namespace: "kwasm",
  image: "operator:1",
  replicas: 1,
  replicasReady: 1,
  isElected: true,
  settings: readSettings({ CONTROLLER_NAMESPACE: "kwasm" }, "installer:1"),
  settingsProblem: "",
  podSelector: "app.kubernetes.io/name=kwasm-operator",
};

const keptClasses = [makeClass("kwasm", "kwasm", ready), makeClass("wasmtime-spin-v2", "spin", ready)];

function leaseOf(spec: object): KubeObject {
  return { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { name: "l" }, spec };
}

function namespaceOf(labels: Readonly<Record<string, string>>): KubeObject {
  return { apiVersion: "v1", kind: "Namespace", metadata: { name: "kwasm", labels } };
}

interface Cluster extends Partial<ClusterFacts> {
  readonly objects?: { readonly nodes?: readonly KubeObject[]; readonly classes?: readonly KubeObject[] };
}

/** A cluster where all is well, but for what is said. */
function clusterOf({ objects = {}, ...facts }: Cluster): ClusterFacts {
  const { nodes = [makeNode()], classes = keptClasses } = objects;
  const shimHandlers = facts.shimHandlers ?? new Set<string>();
  return {
    nowMs: NOW_MS,
    operators: [operator],
    operatorTrouble: "",
    lease: leaseOf({ holderIdentity: "pod_1", leaseDurationSeconds: 15, renewTime: "2026-01-01T11:59:55.000000Z" }),
    namespace: namespaceOf({}),
    nodes: nodes.map(viewClusterNode),
    jobs: [],
    classes: findWasmClasses(classes, shimHandlers),
    classHandlers: new Map(classes.map((one) => [one.metadata.name, String(one["handler"])])),
    shims: [],
    shimHandlers,
    pendingPods: [],
    ...facts,
  };
}

/** What is not as it should be has to be exactly this, line by line. */
function check(name: string, cluster: Cluster, expected: readonly RegExp[]): void {
  test(name, () => {
    const told = diagnose(clusterOf(cluster)).filter(({ state }) => state !== "good");
    const lines = told.map(({ state, name: subject, message }) => `${state} ${subject} ${message}`);
    assert.equal(lines.length, expected.length, lines.join("\n"));
    for (const [place, pattern] of expected.entries()) assert.match(lines[place] ?? "", pattern);
  });
}

test("where all is well, each part says so", () => {
  assert.equal(
    formatFindings(diagnose(clusterOf({}))),
    [
      "ok   deployment/kwasm-operator  operator:1 is ready in namespace kwasm",
      "ok   lease/c74b86db.kwasm.sh    held by pod_1",
      "ok   nodes                      are to have the runtime: 1 of 1; have it: 1",
      "ok   runtimeclasses             kwasm, wasmtime-spin-v2 lead to nodes that serve them",
      "",
    ].join("\n"),
  );
});

// The operator.
check("no operator", { operators: [] }, [/^bad operator there is none.*helm install/u]);
check("two operators", { operators: [operator, { ...operator, namespace: "old" }] }, [
  /^bad operator there are several.*\(kwasm\/kwasm-operator, old\/kwasm-operator\): uninstall all but one/u,
]);
check(
  "an operator that does not start",
  { operators: [{ ...operator, replicasReady: 0 }], operatorTrouble: "ErrImagePull: no" },
  [/^bad deployment\/kwasm-operator none of its pods is ready \(ErrImagePull: no\): kubectl describe pods -n kwasm/u],
);
check("an operator that is scaled away", { operators: [{ ...operator, replicas: 0, replicasReady: 0 }] }, [
  /^bad deployment\/\S+ it is scaled to 0: kubectl scale -n kwasm/u,
]);
check(
  "settings that are none",
  { operators: [{ ...operator, settings: undefined, settingsProblem: 'read "X": no' }] },
  [/^bad deployment\/\S+ read "X": no: correct the chart's values/u],
);
check("nobody has the lease", { lease: "none" }, [/^bad lease\/\S+ no operator holds it/u]);
check("the lease was given up", { lease: leaseOf({ holderIdentity: "" }) }, [/^bad lease\/\S+ no operator holds it/u]);
check(
  "the lease is not renewed",
  { lease: leaseOf({ holderIdentity: "a", leaseDurationSeconds: 15, renewTime: "2026-01-01T11:58:44.000000Z" }) },
  [/^bad lease\/\S+ "a" has it and does not renew it/u],
);
check(
  "a clock that is a minute off",
  { lease: leaseOf({ holderIdentity: "a", leaseDurationSeconds: 15, renewTime: "2026-01-01T11:58:45.000000Z" }) },
  [],
);
check("without election there is no lease", { operators: [{ ...operator, isElected: false }], lease: "none" }, []);
for (const level of ["baseline", "restricted"]) {
  check(`Pod Security ${level}`, { namespace: namespaceOf({ "pod-security.kubernetes.io/enforce": level }) }, [
    new RegExp(`^bad namespace/kwasm it enforces Pod Security "${level}".*enforce=privileged --overwrite$`, "u"),
  ]);
}
check(
  "Pod Security privileged",
  { namespace: namespaceOf({ "pod-security.kubernetes.io/enforce": "privileged" }) },
  [],
);

// Nodes.
const failed = { reason: "InstallerFailed", message: "the installer failed: exit code 1" };
const running = { reason: "Installing", message: "the installer runs" };
const tainted = [{ key: "x", effect: "NoSchedule" }];

function jobOf(parts: Partial<InstallerJob>): InstallerJob {
  const work = {
    name: "n2-provision-kwasm",
    uid: "u",
    nodeUid: "uid-of-n2",
    image: "installer:1",
    state: "running",
    isLeaving: false,
    failedAttempts: 0,
    endedMs: 0,
    message: "",
    bootId: "",
  } as const;
  return { nodeName: "n2", shim: undefined, work, pod: undefined, waitingReason: "", refusal: "", ...parts };
}

function withNode(node: KubeObject, jobs: readonly InstallerJob[] = []): Cluster {
  return { objects: { nodes: [makeNode(), node] }, jobs };
}

const untouched = makeUnready({ annotations: {}, condition: undefined });

check("nobody asked for any node", { objects: { nodes: [untouched] } }, [
  /^bad nodes none of 1 is to have the runtime: kubectl kwasm provision/u,
]);
check(
  "nobody asked for any node, since all use a Shim",
  { objects: { nodes: [untouched] }, shims: [shimOf({ type: "Ready", status: "True" })] },
  [],
);
check(
  "an annotation that means nothing",
  withNode(makeUnready({ name: "n2", annotations: { "kwasm.sh/kwasm-node": "yes" }, condition: undefined })),
  [/^bad node\/n2 the annotation "kwasm\.sh\/kwasm-node" is "yes", which asks for nothing/u],
);
check("an installer that failed", withNode(makeUnready({ name: "n2", condition: failed })), [
  /^bad node\/n2 InstallerFailed: .*exit code 1: see 'kubectl kwasm logs-installer n2'/u,
]);
check("an installer at work", withNode(makeUnready({ name: "n2", condition: running }), [jobOf({})]), [
  /^unknown node\/n2 Installing: the installer runs \(Job "n2-provision-kwasm": running\)$/u,
]);
check(
  "an image that does not come",
  withNode(makeUnready({ name: "n2", condition: running }), [
    jobOf({
      waitingReason: "ImagePullBackOff",
      pod: { report: undefined, hasStarted: false, hasEnded: false, message: "Back-off" },
    }),
  ]),
  [/^bad node\/n2 the installer's image "installer:1" does not come \(Back-off\): correct the chart's/u],
);
check(
  "a Job whose pods are refused",
  withNode(makeUnready({ name: "n2", condition: running }), [jobOf({ refusal: 'violates PodSecurity "baseline"' })]),
  [/^bad node\/n2 Job "n2-provision-kwasm" gets no pod: violates PodSecurity/u],
);
check(
  "a Job of a Shim is not the node's",
  withNode(makeUnready({ name: "n2", condition: running }), [jobOf({ shim: "slow", refusal: "no" })]),
  [/^unknown node\/n2 Installing/u],
);
check("an operator that says nothing", withNode(makeUnready({ name: "n2", condition: undefined })), [
  /^bad node\/n2 .*no operator has said anything of it: see 'kubectl logs -n kwasm deployment\/kwasm-operator'/u,
]);
check(
  "a node that is not Ready",
  withNode(makeUnready({ name: "n2", isReady: false, condition: { reason: "NodeNotReady", message: "waits" } })),
  [/^bad node\/n2 it is not Ready itself/u],
);
check(
  "a label that lies",
  { objects: { nodes: [makeNode({ handlers: ["runc", "spin"] })], classes: [] }, operators: undefined },
  [
    /^bad node\/n1 it has the label kwasm\.sh\/ready, but containerd does not serve "kwasm" any more/u,
    /^bad runtimeclasses none is for Wasm/u,
  ],
);
check("an upgrade that failed on a node that works", withNode(makeNode({ name: "n2", condition: failed })), [
  /^bad node\/n2 InstallerFailed/u,
]);
check(
  "a removal under way, and one that failed",
  {
    objects: {
      nodes: [
        makeNode(),
        makeUnready({ name: "n2", annotations: {}, condition: { reason: "Removing", message: "is removed" } }),
        makeUnready({ name: "n3", annotations: {}, condition: { reason: "RemovalFailed", message: "exit code 1" } }),
      ],
    },
  },
  [/^unknown node\/n2 Removing/u, /^bad node\/n3 RemovalFailed/u],
);

// Classes.
function withClasses(...classes: readonly KubeObject[]): Cluster {
  return {
    objects: {
      nodes: [makeNode(), makeUnready({ name: "n2", annotations: {}, condition: undefined })],
      classes: [...keptClasses, ...classes],
    },
  };
}

check("a class of the chart is missing", { objects: { classes: keptClasses.slice(0, 1) } }, [
  /^bad runtimeclass\/wasmtime-spin-v2 the operator is to keep it, and it is not there/u,
]);
check(
  "a class of the chart has another handler",
  { objects: { classes: [makeClass("kwasm", "wasmtime", ready), ...keptClasses.slice(1)] } },
  [/^bad runtimeclass\/kwasm it has the handler "wasmtime" and not "kwasm".*kubectl delete runtimeclass kwasm/u],
);
check("a class that selects no nodes while only some serve it", withClasses(makeClass("wasmtime", "spin")), [
  /^bad runtimeclass\/wasmtime its pods may be put on nodes that do not serve "spin" \(n2\): kubectl patch runtimeclass wasmtime --type=merge -p '\{"scheduling":\{"nodeSelector":\{"kwasm\.sh\/ready":"true"\}\}\}'/u,
]);
check(
  "such a class where the other node takes no pods",
  {
    objects: {
      nodes: [makeNode(), makeUnready({ name: "n2", annotations: {}, condition: undefined, taints: tainted })],
      classes: [...keptClasses, makeClass("wasmtime", "spin")],
    },
  },
  [],
);
check(
  "a class that K3s brings",
  {
    objects: {
      nodes: [
        makeNode(),
        makeUnready({ name: "n2", annotations: {}, condition: undefined, kubeletVersion: "v1.34.1+k3s1" }),
      ],
      classes: [...keptClasses, makeClass("spin", "spin")],
    },
  },
  [/^bad runtimeclass\/spin .*K3s brings it without a selector: use the class "kwasm" instead/u],
);
check(
  "a class whose handler nobody knows",
  withClasses(makeClass("wasmtime-spin-v2-old", "x"), makeClass("wasmer", "wasmer1")),
  [/^bad runtimeclass\/wasmer no node serves its handler "wasmer1": .*make it with the handler "wasmer"/u],
);
check("a class that selects the wrong nodes", withClasses(makeClass("wasmtime", "spin", { pool: "wasm" })), [
  /^bad runtimeclass\/wasmtime it selects nodes with pool=wasm, and none has that/u,
]);
check(
  "a class that selects by a label of its own, which some nodes do not honour",
  {
    objects: {
      nodes: [
        makeNode({ labels: { ...readyLabels("n1"), pool: "wasm" } }),
        ...["a", "b", "c", "d", "e"].map((name) =>
          makeUnready({ name, annotations: {}, labels: { pool: "wasm" }, condition: undefined }),
        ),
      ],
      classes: [...keptClasses, makeClass("wasmtime", "spin", { pool: "wasm" })],
    },
  },
  [
    /^bad runtimeclass\/wasmtime it selects nodes with pool=wasm, of which some do not serve "spin" \(a, b, c and 2 more\)$/u,
  ],
);

// Shims and pods.
function shimOf(...conditions: readonly object[]): KubeObject {
  return {
    apiVersion: "runtime.spinkube.dev/v1alpha1",
    kind: "Shim",
    metadata: { name: "slow" },
    status: { conditions },
  };
}

check(
  "a Shim that waits",
  { shims: [shimOf({ type: "Ready", status: "False", reason: "NodeNotReady", message: "n2" })] },
  [/^unknown shim\/slow NodeNotReady: n2$/u],
);
check(
  "a Shim that cannot become ready",
  {
    shims: [
      shimOf(
        { type: "Ready", status: "False", reason: "DigestMismatch", message: "correct it" },
        { type: "Stalled", status: "True", reason: "DigestMismatch", message: "correct it" },
      ),
    ],
  },
  [/^bad shim\/slow DigestMismatch: correct it$/u],
);
check(
  "a Shim that is ready, and one of which nothing was said",
  { shims: [shimOf({ type: "Ready", status: "True" }), shimOf()] },
  [/^bad shim\/slow no operator has said anything of it/u],
);

const unschedulable = {
  conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message: "0/2 nodes" }],
};
const onNode = { runtimeClassName: "kwasm", nodeName: "n1" };

function waitingFor(reason: string): object {
  return { containerStatuses: [{ state: { waiting: { reason, message: "m" } } }] };
}

check(
  "a pod that finds no node",
  { pendingPods: [makePod("p", { spec: { runtimeClassName: "kwasm" }, status: unschedulable })] },
  [/^bad pod\/shop\/p Unschedulable: 0\/2 nodes$/u],
);
check(
  "a pod on a node that serves nothing",
  {
    ...withNode(makeUnready({ name: "n2", annotations: {}, condition: undefined })),
    pendingPods: [makePod("p", { spec: { ...onNode, nodeName: "n2" } })],
  },
  [/^bad pod\/shop\/p it is on node "n2", which does not serve "kwasm": kubectl kwasm provision n2/u],
);
check("a pod whose class is gone", { pendingPods: [makePod("p", { spec: { runtimeClassName: "old" } })] }, [
  /^bad pod\/shop\/p its RuntimeClass "old" is gone/u,
]);
check(
  "a pod whose image does not come",
  { pendingPods: [makePod("p", { spec: onNode, status: waitingFor("ErrImagePull") })] },
  [/^bad pod\/shop\/p ErrImagePull: m$/u],
);
check(
  "pods that start, and pods that are not of Wasm",
  {
    objects: { classes: [...keptClasses, makeClass("gvisor", "runsc")] },
    pendingPods: [
      makePod("a", { spec: onNode, status: waitingFor("ContainerCreating") }),
      makePod("b", { spec: onNode }),
      makePod("c", { spec: {}, status: unschedulable }),
      makePod("d", { spec: { runtimeClassName: "gvisor" }, status: unschedulable }),
    ],
  },
  [],
);

test("nothing is concluded from what may not be read", () => {
  const nothing = { operators: undefined, lease: undefined, namespace: undefined, nodes: undefined, jobs: undefined };
  const nor = { classes: undefined, classHandlers: undefined, shims: undefined, pendingPods: undefined };
  assert.deepEqual(diagnose(clusterOf({ ...nothing, ...nor })), []);
});

test("of many findings alike, people see the first twenty and how many more there are", () => {
  const nodes = Array.from({ length: 25 }, (_, place) => makeUnready({ name: `n${String(place)}`, condition: failed }));
  const lines = formatFindings(diagnose(clusterOf({ objects: { nodes, classes: [] } })))
    .trimEnd()
    .split("\n");
  assert.equal(lines.filter((line) => line.includes("InstallerFailed")).length, 20);
  assert.ok(lines.some((line) => /^BAD {2}node +5 more: -o json shows all$/u.test(line)));
});
