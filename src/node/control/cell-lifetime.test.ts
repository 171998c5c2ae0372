import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempDisposableSync, readdirSync, readlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { silentLog } from "#base";

import { createNodeRuntime } from "./runtime.ts";
import { Spawner } from "./spawner.ts";
import { guestModule } from "./testdata/guests.ts";

test("a cell whose guest never yields ends when control is killed", async () => {
  using directory = mkdtempDisposableSync(join(tmpdir(), "kwasm-lifetime-"));
  const fifo = join(directory.path, "out");
  execFileSync("mkfifo", [fifo]);
  // It reads until the last process that could write is gone.
  const reader = spawn("cat", [fifo], { stdio: "ignore" });
  const program = join(import.meta.dirname, "testdata/spinning-main.ts");
  const control = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", program, directory.path], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const readerEnd = once(reader, "exit");
  await once(control.stdout, "data");
  assert.equal(reader.exitCode, null);
  control.kill("SIGKILL");
  // Only the cell held the FIFO then, and a guest that computes closes nothing: the end is the cell's.
  await readerEnd;
});

test("a spawner that was closed starts nothing", async () => {
  const spawner = new Spawner();
  const child = await spawner.spawn({ argv: ["/bin/false"], env: {}, descriptors: [null, null, null] });
  assert.equal((await child.ended).code, 1);
  await spawner.close();
  await assert.rejects(spawner.spawn({ argv: ["/bin/true"], env: {}, descriptors: [] }), { code: "unavailable" });
});

test("a cell inherits nothing of control but what it is handed", async () => {
  using directory = mkdtempDisposableSync(join(tmpdir(), "kwasm-lifetime-"));
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const runtime = createNodeRuntime({ stateDir: join(directory.path, "state"), log: silentLog });
  try {
    await runtime.createSandbox({ id: "a", group: "a", listeners: [{ address: "127.0.0.1", port: 0 }] });
    await runtime.createSandbox({ id: "b", group: "b", listeners: [] });
    const { bytes, digest } = await guestModule("sleeper");
    const module = { path: join(directory.path, "guest.wasm"), digest };
    writeFileSync(module.path, bytes);
    const grants = { args: [], env: [], mounts: [], output: { kind: "discard" }, memoryBytesMax: 65_536 } as const;
    for (const id of ["a", "b"]) {
      await runtime.createWorkload({ ...grants, id, sandboxId: id, module });
      await runtime.startWorkload(id);
    }
    const pids = new Map(runtime.listCells().map(({ group, pid }) => [group, pid]));
    assert.deepEqual(handedTo(pids.get("b") ?? 0, directory.path), handedToAll);
    const beyond = handedTo(pids.get("a") ?? 0, directory.path).filter((line) => !handedToAll.includes(line));
    assert.deepEqual(
      beyond.map((line) => line.replace(/^\d+ /u, "")),
      ["socket"],
    );
  } finally {
    await runtime.close();
    server.close();
  }
});

/** Its streams, its line and packets to control, and the page that says who runs. */
const handedToAll = ["0 /dev/null", "1 cells.log", "2 cells.log", "3 socket", "4 socket", "5 memfd"];

/** A cell's descriptors that lead out of it; what Node opens for itself (its event loop, /dev/null) is left out. */
function handedTo(pid: number, root: string): string[] {
  const folder = `/proc/${String(pid)}/fd`;
  return readdirSync(folder)
    .map((fd) => `${fd} ${kindOf(readlinkSync(join(folder, fd)), root)}`)
    .filter((line) => !line.endsWith(" own") && !/^(?!0).* \/dev\/null$/u.test(line))
    .toSorted();
}

function kindOf(link: string, root: string): string {
  if (link.startsWith("socket:")) return "socket";
  if (link.startsWith("/memfd:")) return "memfd";
  if (link.startsWith("anon_inode:") || link.startsWith("pipe:")) return "own";
  return link.replace(`${root}/state/`, "");
}
