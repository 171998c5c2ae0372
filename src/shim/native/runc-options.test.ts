import assert from "node:assert/strict";
import { test } from "node:test";

import { runcOptionsOf } from "./runc-options.ts";

test("systemd's cgroups are recognised by their names, and get the one option that they need", () => {
  const { typeUrl, value } = runcOptionsOf("kubepods-besteffort.slice:cri-containerd:a") ?? {};
  // Field 9 as a varint, and true: what containerd's own client sends for `SystemdCgroup = true`.
  assert.deepEqual([typeUrl, [...(value ?? [])]], ["containerd.runc.v1.Options", [0x48, 1]]);
});

test("all other cgroups need no option", () => {
  for (const cgroup of ["", "/kubepods/pod1/a", "/a.slice/b", "a:b:c", "a.slice", "a.slice:b", "a.slice:b:c:d"]) {
    assert.equal(runcOptionsOf(cgroup), undefined, cgroup);
  }
});
