import assert from "node:assert/strict";
import { test } from "node:test";

import { CELLS_MEMORY_BYTES_MIN, readCgroupOptions } from "./cgroup-options.ts";

function check(directory: string, memoryMax: string | undefined, expected: ReturnType<typeof readCgroupOptions>): void {
  assert.deepEqual(readCgroupOptions(directory, memoryMax), expected);
}

test("cgroups are named after containerd's socket, which no other containerd of the machine has", () => {
  check("/run/containerd/containerd.sock.kwasm", undefined, { name: "run-containerd-containerd.sock" });
  check("/run/k3s/containerd/containerd.sock.kwasm/", undefined, { name: "run-k3s-containerd-containerd.sock" });
});

test("the limit of the cells' memory is one of Kubernetes' quantities", () => {
  check("/run/c.sock.kwasm", "2Gi", { name: "run-c.sock", cellsMemoryBytesMax: 2 * 1024 ** 3 });
  const least = String(CELLS_MEMORY_BYTES_MIN);
  check("/run/c.sock.kwasm", least, { name: "run-c.sock", cellsMemoryBytesMax: CELLS_MEMORY_BYTES_MIN });
});

test("a limit in which no cell could live is an error, and so is no quantity", () => {
  for (const text of [String(CELLS_MEMORY_BYTES_MIN - 1), "-1Gi", "much", ""]) {
    assert.throws(() => readCgroupOptions("/run/c.sock.kwasm", text), { code: "invalid-argument" });
  }
});
