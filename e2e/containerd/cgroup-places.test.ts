import assert from "node:assert/strict";
import { basename } from "node:path";
import { suite, test } from "node:test";

import { waitForSpareCell } from "./cells.ts";
import { Pod } from "./pod.ts";
import type { ContainerdRig } from "./rig.ts";
import { readRuntimePid, serveHello, startWasmRig, talker } from "./wasm-rig.ts";
import { versionsUnderTest } from "./versions-under-test.ts";

const MEBIBYTE = 1024 * 1024;

for (const version of versionsUnderTest) {
  suite(`cgroups under containerd ${version}`, () => {
    test("control, a cell that pods share, and a pod's own cell are counted where they belong", async () => {
      process.env["KWASM_CELLS_MEMORY_MAX"] = "2Gi";
      await using rig = await startWasmRig(version);
      delete process.env["KWASM_CELLS_MEMORY_MAX"];
      const before = await Pod.countAfterOne(rig, "spin");
      const shared = await serveHello(rig, "spin", "shared");
      const alone = await Pod.start(rig, "spin", { annotations: { "kwasm.sh/isolation": "pod" } });
      await alone.startContainer(talker({ waitMs: 600_000, lines: 1, status: 0 }));
      await waitForSpareCell(rig);

      const own = (["keeper", "control"] as const).map((which) => readRuntimePid(rig, which));
      const processes = await readProcesses(rig);
      const kinds = processes.map(({ cgroup, pid }) => kindOf(cgroup, pid, own));
      assert.ok(!kinds.includes("elsewhere"), JSON.stringify(processes));
      assert.deepEqual(new Set(kinds), new Set(["control", "shared cell", "pod's cell"]));
      const cells = processes.filter(({ pid }) => !own.includes(pid));
      // The spare one is a cell that pods share, though none has it yet.
      assert.equal(new Set(cells.map(({ pid }) => pid)).size, 3);
      assert.equal(await readCellsMemoryLimit(rig), 2048 * MEBIBYTE);
      // An engine alone takes more, and kubelet's figure of the pod was nothing without its cell.
      assert.ok((await readPodMemoryBytes(rig)) > 10 * MEBIBYTE);

      for (const pod of [shared.pod, alone]) {
        await pod.stop();
        await pod.remove();
      }
      assert.deepEqual(rig.countAll(), before);
    });
  });
}

interface CountedProcess {
  readonly cgroup: string;
  readonly pid: string;
}

/** All that is in cgroups of ours, by the numbers that processes have inside the rig. */
async function readProcesses(rig: ContainerdRig): Promise<readonly CountedProcess[]> {
  const script = "grep -H . $(find /sys/fs/cgroup -path '*/kwasm*' -name cgroup.procs)";
  const lines = (await rig.run(["sh", "-c", script])).trim().split("\n");
  return lines.map((line) => {
    const [file = "", pid = ""] = line.split(":");
    return { cgroup: file.slice(0, -"/cgroup.procs".length), pid };
  });
}

function kindOf(cgroup: string, pid: string, own: readonly string[]): string {
  if (own.includes(pid)) return basename(cgroup) === "control" ? "control" : "elsewhere";
  if (basename(cgroup) !== `kwasm-cell-${pid}`) return "elsewhere";
  if (/\/kwasm\/[^/]+\/cells\/[^/]+$/u.test(cgroup)) return "shared cell";
  return /\/kubepods\/pod[^/]+\/[^/]+$/u.test(cgroup) ? "pod's cell" : "elsewhere";
}

/** What the pod that has a cell in its cgroup uses, as kubelet reads it. */
async function readPodMemoryBytes(rig: ContainerdRig): Promise<number> {
  const script = `for file in $(find /sys/fs/cgroup -name memory.usage_in_bytes -o -name memory.current); do
    case $(ls -d "\${file%/*}"/kwasm-cell-* 2>/dev/null) in */kubepods/pod*) cat "$file" ;; esac
  done`;
  return Number(await rig.run(["sh", "-c", script]));
}

/** What the kernel holds all cells to that pods share. */
async function readCellsMemoryLimit(rig: ContainerdRig): Promise<number> {
  const names = "-name memory.limit_in_bytes -o -name memory.max";
  const script = `cat $(find /sys/fs/cgroup -path '*/kwasm/*/cells/memory.*' '(' ${names} ')' )`;
  return Number(await rig.run(["sh", "-c", script]));
}
