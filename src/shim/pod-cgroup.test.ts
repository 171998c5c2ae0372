import assert from "node:assert/strict";
import { test } from "node:test";

import { CGROUP_PATH_BYTES_MAX, podCgroupOf } from "./pod-cgroup.ts";

function check(cgroupsPath: string | undefined, expected: string | undefined): void {
  assert.equal(podCgroupOf(cgroupsPath), expected, cgroupsPath ?? "none");
}

test("a pod's cgroup is the one above its containers'", () => {
  check("/kubepods/burstable/pod1f-2e/0a1b", "/kubepods/burstable/pod1f-2e");
  check("/kubepods/pod1f-2e/0a1b", "/kubepods/pod1f-2e");
});

test("a slice of systemd is in those that its name begins with", () => {
  check(
    "kubepods-burstable-pod1f_2e.slice:cri-containerd:0a1b",
    "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1f_2e.slice",
  );
  check("system.slice:cri-containerd:0a1b", "/system.slice");
});

test("what names no pod's cgroup is none", () => {
  for (const path of [undefined, "", "/", "/0a1b", "0a1b", "default/0a1b", "/a/../../b/c", "a/b.slice:x:y"]) {
    check(path, undefined);
  }
  for (const path of ["-.slice:x:y", "a--b.slice:x:y", "a:x:y"]) check(path, undefined);
});

test("a path is read up to the length that Linux takes", () => {
  const pod = `/${"a".repeat(CGROUP_PATH_BYTES_MAX - 3)}`;
  check(`${pod}/b`, pod);
  check(`${pod}/bc`, undefined);
});
