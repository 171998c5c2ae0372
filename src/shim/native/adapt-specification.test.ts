import assert from "node:assert/strict";
import { test } from "node:test";

import { adaptSpecification, type PodPlace } from "./adapt-specification.ts";

/** A pod of kubelet with a network of its own. */
const pod: PodPlace = {
  namespaces: [
    { type: "pid" },
    { type: "ipc" },
    { type: "uts" },
    { type: "user" },
    { type: "network", path: "/run/netns/a" },
  ],
  hostname: "web-1",
  sysctls: {},
};

/** A pod with `hostNetwork`, `hostPID` and `hostIPC`. */
const hostPod: PodPlace = { namespaces: [{ type: "mount" }], hostname: "node-1", sysctls: {} };

const virtual = (type: string) => ({ type, path: `/proc/0/ns/${type}` });

interface Case {
  readonly namespaces: readonly object[];
  readonly pod?: PodPlace;
  readonly neighbour?: number;
}

function check(title: string, input: Case, expected: { namespaces: readonly object[]; hostname?: string }): void {
  test(title, () => {
    const text = JSON.stringify({ linux: { namespaces: input.namespaces } });
    const config: unknown = JSON.parse(adaptSpecification(text, input.pod ?? pod, input.neighbour));
    const { namespaces, ...rest } = expected;
    assert.deepEqual(config, { ...rest, linux: { namespaces, sysctl: {} } });
  });
}

check(
  "the network is the pod's",
  { namespaces: [virtual("network")] },
  { namespaces: [{ type: "network", path: "/run/netns/a" }] },
);
check(
  "the first native container has new ipc and uts namespaces, with the pod's name",
  { namespaces: [virtual("ipc"), virtual("uts")] },
  { namespaces: [{ type: "ipc" }, { type: "uts" }], hostname: "web-1" },
);
check(
  "the next one joins those",
  { namespaces: [virtual("ipc"), virtual("uts")], neighbour: 7 },
  {
    namespaces: [
      { type: "ipc", path: "/proc/7/ns/ipc" },
      { type: "uts", path: "/proc/7/ns/uts" },
    ],
  },
);
check(
  "process ids and users are a container's own, whatever it was to share",
  { namespaces: [virtual("pid"), virtual("user")], neighbour: 7 },
  { namespaces: [{ type: "pid" }, { type: "user" }] },
);
check(
  "what the pod has of the host, its containers have too",
  { namespaces: ["network", "ipc", "uts", "pid"].map(virtual), pod: hostPod, neighbour: 7 },
  { namespaces: [] },
);
const real = [{ type: "mount" }, { type: "pid", path: "/proc/12/ns/pid" }, { type: "network", path: "/run/netns/b" }];
check("what leads to a process stays", { namespaces: real }, { namespaces: real });

test("all else stays to the digit", () => {
  const rest = `"process":{"rlimits":[{"hard":18446744073709551615,"soft":1.0}]},"x":"\\u0041","list":[-0,1e400]`;
  const adapted = adaptSpecification(`{${rest},"linux":{"namespaces":[]}}`, pod, undefined);
  assert.equal(adapted, `{${rest.replace("\\u0041", "A")},"linux":{"namespaces":[],"sysctl":{}}}`);
});

test("the pod's kernel parameters come with the namespaces that they are of, below the container's own", () => {
  const sysctls = { "net.a": "1", "net.b": "1", "kernel.shmmax": "1", "kernel.domainname": "x", "fs.mqueue.a": "1" };
  const has = (...namespaces: readonly object[]): unknown => {
    const text = JSON.stringify({ linux: { namespaces, sysctl: { "net.b": "2" } } });
    const config: unknown = JSON.parse(adaptSpecification(text, { ...pod, sysctls }, undefined));
    assert.ok(typeof config === "object" && config !== null && "linux" in config);
    return config.linux;
  };
  const network = { type: "network", path: "/run/netns/a" };
  assert.deepEqual(has(), { namespaces: [], sysctl: { "net.b": "2" } });
  assert.deepEqual(has(virtual("network")), { namespaces: [network], sysctl: { "net.a": "1", "net.b": "2" } });
  assert.deepEqual(has(virtual("ipc")), {
    namespaces: [{ type: "ipc" }],
    sysctl: { "kernel.shmmax": "1", "fs.mqueue.a": "1", "net.b": "2" },
  });
});
