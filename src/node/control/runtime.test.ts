import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempDisposableSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { silentLog } from "#base";

import { Machine } from "./runtime-fixture.ts";
import { createNodeRuntime } from "./runtime.ts";

test("a guest's output is in its log and its code in its status once it is told as exited", async () => {
  await using machine = new Machine();
  await machine.place("pod");
  const started = await machine.run("a", "greeter");
  assert.ok(started.state === "running" || started.state === "exited", "so short a guest may have ended already");
  const exit = await machine.runtime.waitWorkload("a");
  assert.deepEqual([exit.code, exit.reason, exit.message], [3, "Error", ""]);
  assert.deepEqual(machine.linesOf("a"), ["stdout F hello", "stderr F careful"]);
});

test("a trap tells its kind and the guest's functions by name", async () => {
  await using machine = new Machine();
  await machine.place("pod");
  await machine.run("a", "trapper");
  const exit = await machine.runtime.waitWorkload("a");
  assert.equal(exit.code, 134);
  assert.match(exit.message, /unreachable/u);
  assert.match(exit.message, /do_the_wrong_thing/u);
});

test("guests of one group share a cell, other groups have their own, and the last to leave ends it", async () => {
  await using machine = new Machine();
  await machine.place("pod", "one");
  await machine.place("other", "two");
  await machine.run("a", "sleeper");
  await machine.run("b", "sleeper");
  await machine.run("c", "sleeper", { sandboxId: "other" });
  assert.deepEqual(
    machine.runtime
      .listCells()
      .map(({ group }) => group)
      .toSorted(),
    ["one", "two"],
  );
  await machine.runtime.deleteSandbox("pod");
  assert.deepEqual(
    machine.runtime.listCells().map(({ group }) => group),
    ["two"],
  );
  assert.deepEqual(
    machine.runtime.listWorkloads().map(({ id }) => id),
    ["c"],
  );
});

for (const signal of ["SIGTERM", "SIGKILL"] as const) {
  test(`${signal} ends a waiting guest and no other`, async () => {
    await using machine = new Machine();
    await machine.place("pod");
    await machine.run("a", "sleeper");
    await machine.run("b", "sleeper");
    await machine.runtime.killWorkload("a", signal);
    assert.equal((await machine.runtime.waitWorkload("a")).code, signal === "SIGTERM" ? 143 : 137);
    assert.equal(machine.runtime.listWorkloads().find(({ id }) => id === "b")?.state, "running");
  });
}

test("a guest alone that never yields can still be ended", async () => {
  await using machine = new Machine();
  await machine.place("pod");
  await machine.run("a", "spinner");
  await machine.runtime.killWorkload("a", "SIGTERM");
  const exit = await machine.runtime.waitWorkload("a");
  assert.equal(exit.code, 137);
  assert.match(exit.message, /did not yield/u);
});

test("a guest that never yields is ended with its cell, and its neighbours are told because of whom", async () => {
  await using machine = new Machine();
  await machine.place("pod");
  await machine.run("neighbour", "sleeper");
  await machine.run("villain", "spinner", { displayName: "the villain" });
  const villain = await machine.runtime.waitWorkload("villain");
  const neighbour = await machine.runtime.waitWorkload("neighbour");
  assert.equal(villain.code, 137);
  assert.match(villain.message, /without yielding/u);
  assert.match(neighbour.message, /because of "the villain"/u);
  assert.equal((await machine.run("next", "sleeper")).state, "running");
});

test("a guest that did not yield comes back in a cell of its own, where it harms nobody", async () => {
  await using machine = new Machine();
  await machine.place("pod");
  await machine.place("spinning");
  await machine.run("neighbour", "sleeper");
  await machine.run("villain", "spinner", { sandboxId: "spinning" });
  await machine.runtime.waitWorkload("villain");
  await machine.run("villain again", "spinner", { sandboxId: "spinning" });
  await machine.run("neighbour again", "sleeper");
  assert.deepEqual(
    machine.runtime
      .listCells()
      .map(({ group }) => group)
      .toSorted(),
    ["default", "default/spinning"],
  );
  await machine.runtime.deleteSandbox("spinning");
  assert.equal(machine.runtime.listCells().length, 1);
});

test("a guest that was to start while another did not yield starts in the next cell", async () => {
  await using machine = new Machine();
  await machine.place("pod");
  await machine.place("spinning");
  await machine.run("neighbour", "sleeper");
  await machine.run("villain", "spinner", { sandboxId: "spinning" });
  const late = await machine.run("late", "sleeper");
  assert.equal(late.state, "running");
});

test("the memory of a guest is told while another one has the thread of their cell", async () => {
  await using machine = new Machine();
  await machine.place("pod");
  await machine.run("neighbour", "sleeper");
  await machine.run("villain", "spinner");
  assert.equal(machine.runtime.statsOf("neighbour").memoryBytes, 65_536);
  assert.equal(machine.runtime.listWorkloads().find(({ id }) => id === "villain")?.state, "running");
});

test("a killed cell ends its guests with a reason, and the next guest gets a new one", async () => {
  await using machine = new Machine();
  await machine.place("pod");
  await machine.run("a", "sleeper");
  const [cell] = machine.runtime.listCells();
  assert.ok(cell);
  process.kill(cell.pid, "SIGKILL");
  const exit = await machine.runtime.waitWorkload("a");
  assert.deepEqual([exit.code, exit.reason], [137, "Error"]);
  assert.match(exit.message, /ended by SIGKILL/u);
  await machine.run("b", "sleeper");
  assert.notEqual(machine.runtime.listCells()[0]?.pid, cell.pid);
});

test("a file that is no module ends as a StartError that says what it is", async () => {
  await using machine = new Machine();
  await machine.place("pod");
  const path = join(machine.path, "script.sh");
  writeFileSync(path, "#!/bin/sh\n");
  const view = await machine.run("a", "greeter", { module: { path, digest: "sha256:0" } });
  assert.deepEqual([view.state, view.exit?.code, view.exit?.reason], ["exited", 126, "StartError"]);
  assert.match(view.exit?.message ?? "", /not WebAssembly/u);
});

test("a mount that is not there is a StartError that names it, and nothing stays open", async () => {
  await using machine = new Machine();
  await machine.place("pod");
  await machine.run("warm", "greeter");
  await machine.runtime.waitWorkload("warm");
  const before = readdirSync("/proc/self/fd").length;
  const mounts = [{ hostPath: "/nowhere", guestPath: "/data", readOnly: true }];
  // A spare cell may start meanwhile, which has descriptors of its own, but not so many.
  const starts = 20;
  for (let count = 0; count < starts; count += 1) {
    const view = await machine.run(`guest-${count}`, "greeter", { mounts });
    assert.match(view.exit?.message ?? "", /mount "\/nowhere" at "\/data"/u);
  }
  assert.ok(readdirSync("/proc/self/fd").length < before + starts);
});

test("a sandbox's listener reaches its guest, also when the guest is started again", async () => {
  await using machine = new Machine();
  const { listeners } = await machine.place("pod", "default", [0]);
  const port = listeners[0]?.port ?? 0;
  for (const id of ["first", "second"]) {
    await machine.run(id, "acceptor");
    const client = connect({ host: "127.0.0.1", port });
    const [data] = (await once(client, "data")) as [Buffer];
    assert.equal(data.toString(), "welcome");
    await machine.runtime.waitWorkload(id);
  }
});

test("what control's journal remembers is there after a restart, and what ran then is told as ended", async () => {
  await using machine = new Machine();
  const { listeners } = await machine.place("pod", "default", [0]);
  await machine.run("done", "greeter");
  await machine.runtime.waitWorkload("done");
  await machine.run("lost", "sleeper");
  // The journal as a killed control leaves it behind.
  const journal = readFileSync(join(machine.path, "state", "node.journal"));
  await machine.runtime.close();
  writeFileSync(join(machine.path, "state", "node.journal"), journal);
  machine.runtime = createNodeRuntime({ stateDir: join(machine.path, "state"), log: silentLog });
  assert.deepEqual(machine.runtime.listSandboxes(), [{ id: "pod", group: "default", listeners }]);
  assert.equal((await machine.runtime.waitWorkload("done")).code, 3);
  assert.equal((await machine.runtime.waitWorkload("lost")).reason, "ContainerStatusUnknown");
  assert.equal((await machine.run("again", "sleeper")).state, "running");
});

test("guests have no privileges, no environment and no files of the host", async () => {
  await using machine = new Machine();
  await machine.place("pod");
  await machine.run("a", "sleeper");
  const pid = String(machine.runtime.listCells()[0]?.pid);
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  assert.match(status, /^NoNewPrivs:\t1$/mu);
  for (const set of ["CapInh", "CapPrm", "CapEff", "CapAmb"]) assert.match(status, new RegExp(`^${set}:\t0+$`, "mu"));
  // CAP_SETUID alone, which no_new_privs lets nobody gain any more.
  assert.match(status, /^CapBnd:\t0*80$/mu);
  const names = readFileSync(`/proc/${pid}/environ`, "utf8")
    .split("\0")
    .map((variable) => variable.split("=")[0]);
  assert.deepEqual(
    names.filter((name) => name !== "" && name !== "NODE_COMPILE_CACHE"),
    [],
  );
});

test("closing leaves no process, no listener and no descriptor", async () => {
  const before = readdirSync("/proc/self/fd").length;
  const machine = new Machine();
  const { listeners } = await machine.place("pod", "default", [0]);
  await machine.run("a", "sleeper");
  const pid = machine.runtime.listCells()[0]?.pid ?? 0;
  await machine[Symbol.asyncDispose]();
  assert.throws(() => process.kill(pid, 0), { code: "ESRCH" });
  const client = connect({ host: "127.0.0.1", port: listeners[0]?.port ?? 0 });
  const [error] = (await once(client, "error")) as [NodeJS.ErrnoException];
  assert.equal(error.code, "ECONNREFUSED");
  assert.ok(readdirSync("/proc/self/fd").length <= before + 1, "the client's socket may still be closing");
});

test("a guest that ends while the disk of the journal is full is told as ended, and control lives on", () => {
  using directory = mkdtempDisposableSync(join(tmpdir(), "kwasm-node-"));
  const program = join(import.meta.dirname, "testdata/full-disk-main.ts");
  // Writes past this many blocks of 512 bytes are refused, as on a full disk; a cell's page is a smaller file.
  const shell = 'ulimit -f 2048; exec "$0" --disable-warning=ExperimentalWarning "$1" "$2"';
  const output = execFileSync("/bin/sh", ["-c", shell, process.execPath, program, directory.path], {
    encoding: "utf8",
  });
  assert.equal(output, "limit-exceeded\n3 Error\n");
});

test("a sandbox that is deleted twice at once is deleted, and takes no new workload meanwhile", async () => {
  await using machine = new Machine();
  await machine.place("pod", "default", [0]);
  await machine.run("a", "sleeper");
  // At hand before the deletions begin, which may be over by the time a module is.
  const spec = await machine.specOf("b", "sleeper");
  const deletions = [machine.runtime.deleteSandbox("pod"), machine.runtime.deleteSandbox("pod")];
  await assert.rejects(machine.runtime.createWorkload(spec), { code: "failed-precondition" });
  await Promise.all(deletions);
  assert.deepEqual(machine.runtime.listSandboxes(), []);
  assert.deepEqual(machine.runtime.listWorkloads(), []);
});

test("a guest whose end is asked for again and again ends once", async () => {
  await using machine = new Machine();
  await machine.place("pod");
  await machine.run("a", "sleeper");
  await Promise.all(Array.from({ length: 100 }, () => machine.runtime.killWorkload("a", "SIGTERM")));
  assert.equal((await machine.runtime.waitWorkload("a")).code, 143);
});
