import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempDisposableSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { createLog, type Log } from "#base";

import { readHierarchies } from "./cgroup-hierarchies.ts";
import { CELL_OOM_SCORE_ADJ, CONTROL_OOM_SCORE_ADJ, RuntimeCgroups } from "./runtime-cgroups.ts";
import { Spawner } from "./spawner.ts";

interface MachineOptions {
  /** The process's own cgroup. */
  readonly own?: string;
  readonly version?: "v1" | "v2";
}

/**
 * A machine whose file system begins in a folder of its own, with one process to move. With version 2 its cgroups are
 * the kernel's; those of version 1 are files, for not every kernel has them.
 */
class Machine implements AsyncDisposable {
  readonly #directory = mkdtempDisposableSync(join(tmpdir(), "kwasm-cgroups-"));
  readonly #cgroups: string | undefined;
  readonly process: ChildProcess = spawn("sleep", ["infinity"]);
  readonly complaints: string[] = [];
  readonly log: Log = createLog({ level: "warn", write: (line) => this.complaints.push(line) });

  constructor({ own = "/", version = "v2" }: MachineOptions = {}) {
    for (const folder of [`proc/${this.pid}`, "sys/fs"]) mkdirSync(this.path(folder), { recursive: true });
    const lines = version === "v2" ? [`0::${own}`] : [`3:cpuset:${own}`, `2:memory:${own}`, `1:name=systemd:${own}`];
    writeFileSync(this.path(`proc/${this.pid}/cgroup`), `${lines.join("\n")}\n`);
    writeFileSync(this.path(`proc/${this.pid}/oom_score_adj`), "-999\n");
    writeFileSync(this.path(`proc/${this.pid}/mountinfo`), mounts[version]);
    if (version === "v2") {
      this.#cgroups = mkdtempSync(join(findCgroup2(), "kwasm-test-"));
      symlinkSync(this.#cgroups, this.path("sys/fs/cgroup"));
    } else {
      for (const folder of ["cpuset", "memory", "systemd"]) {
        mkdirSync(this.cgroup(`${folder}/${own}`), { recursive: true });
      }
      for (const file of ["cpuset.cpus", "cpuset.mems"]) writeFileSync(this.cgroup(`cpuset/${file}`), "0\n");
    }
  }

  get pid(): number {
    return this.process.pid ?? 0;
  }

  path(path: string): string {
    return join(this.#directory.path, path);
  }

  cgroup(path: string): string {
    return this.path(join("sys/fs/cgroup", path));
  }

  enter(cellsMemoryBytesMax?: number): RuntimeCgroups {
    const options = { name: "a", log: this.log, pid: this.pid, root: this.path("/") };
    return RuntimeCgroups.enter(cellsMemoryBytesMax === undefined ? options : { ...options, cellsMemoryBytesMax });
  }

  /** What the kernel says of a cgroup. */
  processesOf(cgroup: string): readonly number[] {
    return readFileSync(this.cgroup(`${cgroup}/cgroup.procs`), "utf8")
      .trim()
      .split("\n")
      .filter(Boolean)
      .map(Number);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = once(this.process, "exit");
    this.process.kill("SIGKILL");
    await exited;
    if (this.#cgroups !== undefined) removeCgroups(this.#cgroups);
    this.#directory.remove();
  }
}

const mounts = {
  v2: "30 20 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n",
  v1: ["cpuset", "memory", "systemd"]
    .map((name) => {
      const options = name === "systemd" ? "rw,xattr,name=systemd" : `rw,${name}`;
      return `31 20 0:27 / /sys/fs/cgroup/${name} rw shared:5 - cgroup cgroup ${options}\n`;
    })
    .join(""),
} as const;

/** Every kernel of today has them, beside those of version 1 where these are in use. */
function findCgroup2(): string {
  const found = readHierarchies().find(({ version }) => version === "v2");
  assert.ok(found !== undefined, "cgroups of version 2 are mounted");
  return found.top;
}

function removeCgroups(path: string): void {
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    if (entry.isDirectory()) removeCgroups(join(path, entry.name));
  }
  rmdirSync(path);
}

test("control leaves the cgroup of whoever started it, and is back there when it ends", async () => {
  await using machine = new Machine();
  writeFileSync(machine.cgroup("cgroup.procs"), String(machine.pid));
  {
    using cgroups = machine.enter();
    assert.deepEqual(machine.processesOf("kwasm/a/control"), [machine.pid]);
    assert.equal(readFileSync(machine.path(`proc/${machine.pid}/oom_score_adj`), "utf8"), `${CONTROL_OOM_SCORE_ADJ}\n`);
    assert.deepEqual(cgroups.placeOf({}), {
      cgroups: [machine.cgroup("kwasm/a/cells")],
      oomScoreAdj: CELL_OOM_SCORE_ADJ,
    });
  }
  assert.deepEqual(machine.processesOf("/"), [machine.pid]);
  assert.ok(!existsSync(machine.cgroup("kwasm")));
  assert.deepEqual(machine.complaints, []);
});

for (const [what, own, home] of [
  ["a service of systemd is at the top", "/system.slice/containerd.service", "/kwasm/a"],
  ["our own unit stays in it", "/system.slice/kwasm.service", "/system.slice/kwasm.service/kwasm/a"],
  ["a container, or of a manager without units, stays below", "/init/containerd", "/init/containerd/kwasm/a"],
] as const) {
  test(`the runtime of ${what}`, async () => {
    await using machine = new Machine({ own });
    mkdirSync(machine.cgroup(own), { recursive: true });
    using cgroups = machine.enter();
    assert.deepEqual(cgroups.placeOf({}).cgroups, [machine.cgroup(`${home}/cells`)]);
    assert.deepEqual(machine.processesOf(`${home}/control`), [machine.pid]);
    assert.deepEqual(machine.complaints, []);
  });
}

test("whoever started the runtime in our own unit moves with it, for the unit to give controllers to cells", async () => {
  const own = "/system.slice/kwasm.service";
  await using machine = new Machine({ own });
  mkdirSync(machine.cgroup(own), { recursive: true });
  const starter = spawn("sleep", ["infinity"]);
  const exited = once(starter, "exit");
  try {
    for (const pid of [starter.pid, machine.pid]) writeFileSync(machine.cgroup(`${own}/cgroup.procs`), String(pid));
    const cgroups = machine.enter();
    const moved = machine.processesOf(`${own}/kwasm/a/control`);
    assert.deepEqual(new Set(moved), new Set([starter.pid, machine.pid]));
    assert.deepEqual(machine.processesOf(own), []);
    starter.kill("SIGKILL");
    await exited;
    cgroups[Symbol.dispose]();
    assert.ok(!existsSync(machine.cgroup(`${own}/kwasm`)));
  } finally {
    starter.kill("SIGKILL");
    await exited;
  }
});

test("one that was started in its cgroup already stays there, and what a killed one left is removed", async () => {
  await using machine = new Machine({ own: "/kwasm/a/control" });
  mkdirSync(machine.cgroup("kwasm/a/cells/kwasm-cell-1"), { recursive: true });
  using cgroups = machine.enter();
  assert.deepEqual(cgroups.placeOf({}).cgroups, [machine.cgroup("kwasm/a/cells")]);
  assert.deepEqual(machine.processesOf("kwasm/a/control"), [machine.pid]);
  assert.ok(!existsSync(machine.cgroup("kwasm/a/cells/kwasm-cell-1")));
});

test("a cell is in a cgroup of its own below its place, which goes with it", async () => {
  await using machine = new Machine();
  writeFileSync(machine.cgroup("cgroup.procs"), String(machine.pid));
  using cgroups = machine.enter();
  mkdirSync(machine.cgroup("kubepods/pod1"), { recursive: true });
  const spawner = new Spawner();
  try {
    for (const [place, above] of [
      [cgroups.placeOf({}), "kwasm/a/cells"],
      [cgroups.placeOf({ podCgroup: "/kubepods/pod1", oomScoreAdj: 900 }), "kubepods/pod1"],
    ] as const) {
      const order = { argv: ["/bin/sleep", "infinity"], env: {}, descriptors: [null, null, 2] };
      const cell = await spawner.spawn({ ...order, place });
      assert.deepEqual(cell.complaints, []);
      assert.deepEqual(machine.processesOf(`${above}/kwasm-cell-${cell.pid}`), [cell.pid]);
      assert.equal(readFileSync(`/proc/${cell.pid}/oom_score_adj`, "utf8"), `${place.oomScoreAdj}\n`);
      cell.kill("SIGKILL");
      await cell.ended;
      assert.ok(!existsSync(machine.cgroup(`${above}/kwasm-cell-${cell.pid}`)));
    }
  } finally {
    await spawner.close();
  }
});

test("a cell whose place is refused runs where it is, and says what was refused", async () => {
  const spawner = new Spawner();
  try {
    const place = { cgroups: ["/nonexistent/cgroup"], oomScoreAdj: 5_000 };
    const cell = await spawner.spawn({
      argv: ["/bin/sleep", "infinity"],
      env: {},
      descriptors: [null, null, 2],
      place,
    });
    assert.equal(cell.complaints.length, 2);
    assert.match(cell.complaints.join("\n"), /"\/nonexistent\/cgroup"[^]*"5000"/u);
    cell.kill("SIGKILL");
    await cell.ended;
  } finally {
    await spawner.close();
  }
});

test("with version 1 each hierarchy has the cgroups, a cpuset is filled, and cells get their limit of memory", async () => {
  await using machine = new Machine({ version: "v1", own: "/system.slice/containerd.service" });
  // The kernel makes it with the cgroup.
  for (const folder of ["memory/kwasm/a/cells", "cpuset/kwasm/a/control", "cpuset/kwasm/a/cells"]) {
    mkdirSync(machine.cgroup(folder), { recursive: true });
  }
  for (const folder of ["kwasm", "kwasm/a", "kwasm/a/control", "kwasm/a/cells"]) {
    for (const file of ["cpuset.cpus", "cpuset.mems"]) writeFileSync(machine.cgroup(`cpuset/${folder}/${file}`), "\n");
  }
  writeFileSync(machine.cgroup("memory/kwasm/a/cells/memory.limit_in_bytes"), "");
  const cgroups = machine.enter(2 ** 30);
  for (const hierarchy of ["cpuset", "memory", "systemd"]) {
    const procs = readFileSync(machine.cgroup(`${hierarchy}/kwasm/a/control/cgroup.procs`), "utf8");
    assert.equal(procs, `${machine.pid}\n`);
  }
  assert.equal(readFileSync(machine.cgroup("cpuset/kwasm/a/cells/cpuset.cpus"), "utf8"), "0\n");
  assert.equal(readFileSync(machine.cgroup("memory/kwasm/a/cells/memory.limit_in_bytes"), "utf8"), `${2 ** 30}\n`);
  const pod = machine.cgroup("memory/kubepods/pod1");
  mkdirSync(pod, { recursive: true });
  // Where kubelet has made no cgroup of the pod its cell is with the others.
  const cells = ["cpuset", "systemd"].map((hierarchy) => machine.cgroup(`${hierarchy}/kwasm/a/cells`));
  const places = cgroups.placeOf({ podCgroup: "/kubepods/pod1" }).cgroups;
  assert.deepEqual(new Set(places), new Set([pod, ...cells]));
  assert.deepEqual(machine.complaints, []);
});

test("a limit of memory that version 2 gives no controller for is said", async () => {
  await using machine = new Machine();
  // A cgroup with processes below the top gives none to those below it.
  writeFileSync(machine.cgroup("cgroup.procs"), String(machine.pid));
  const child = spawn("sleep", ["infinity"]);
  const exited = once(child, "exit");
  try {
    writeFileSync(machine.cgroup("cgroup.procs"), String(child.pid));
    using cgroups = machine.enter(2 ** 30);
    assert.deepEqual(cgroups.placeOf({}).cgroups, [machine.cgroup("kwasm/a/cells")]);
    assert.match(machine.complaints.join(""), /cells have no limit of memory/u);
  } finally {
    child.kill("SIGKILL");
    await exited;
  }
});

test("a machine without cgroups serves all the same", async () => {
  await using machine = new Machine();
  writeFileSync(machine.path(`proc/${machine.pid}/mountinfo`), "");
  using cgroups = machine.enter();
  assert.deepEqual(cgroups.placeOf({}).cgroups, []);
});
