import assert from "node:assert/strict";
import { test } from "node:test";

import type { WorkloadSpec } from "../workload.ts";
import { SPEC_BYTES_MAX, WorkloadTable } from "./workload-table.ts";

const spec: WorkloadSpec = {
  id: "a",
  sandboxId: "pod",
  module: { path: "/m.wasm", digest: "sha256:0" },
  args: [],
  env: [],
  mounts: [],
  output: { kind: "discard" },
  memoryBytesMax: 65_536,
};

function makeTable(): WorkloadTable {
  const table = new WorkloadTable();
  table.addSandbox({ spec: { id: "pod", group: "default", listeners: [] }, listeners: [] });
  return table;
}

test("a workload as long as a cell is told in one line passes, one byte more is refused and leaves nothing", () => {
  const table = makeTable();
  const emptyBytes = JSON.stringify({ ...spec, args: [""] }).length;
  const longest = { ...spec, args: ["x".repeat(SPEC_BYTES_MAX - emptyBytes)] };
  assert.throws(() => table.addWorkload({ ...spec, args: [`${longest.args[0] ?? ""}x`] }), { code: "limit-exceeded" });
  assert.deepEqual(table.workloads(), []);
  assert.equal(table.addWorkload(longest).view.state, "created");
});

test("a name is given once, and only in a sandbox that is there", () => {
  const table = makeTable();
  table.addWorkload(spec);
  assert.throws(() => table.addWorkload(spec), { code: "already-exists" });
  assert.throws(() => table.addWorkload({ ...spec, id: "b", sandboxId: "gone" }), { code: "not-found" });
});
