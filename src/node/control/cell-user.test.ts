import assert from "node:assert/strict";
import { mkdtempDisposableSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { silentLog } from "#base";

import type { NodeRuntime, UserSpec } from "../workload.ts";
import { IDLE_CELLS_MAX } from "./cell-pool.ts";
import { createNodeRuntime } from "./runtime.ts";
import { guestModule } from "./testdata/guests.ts";

/** Runs `use` with a runtime and a function that starts a guest of a user in the group of its pod or in another. */
async function withGuests(
  use: (runtime: NodeRuntime, start: (id: string, user?: UserSpec, group?: string) => Promise<void>) => Promise<void>,
): Promise<void> {
  using directory = mkdtempDisposableSync(join(tmpdir(), "kwasm-users-"));
  const runtime = createNodeRuntime({ stateDir: join(directory.path, "state"), log: silentLog });
  try {
    const { bytes, digest } = await guestModule("sleeper");
    const module = { path: join(directory.path, "guest.wasm"), digest };
    writeFileSync(module.path, bytes);
    const grants = { args: [], env: [], mounts: [], output: { kind: "discard" }, memoryBytesMax: 65_536 } as const;
    await runtime.createSandbox({ id: "pod", group: "shop", listeners: [] });
    await use(runtime, async (id, whom, group = "shop") => {
      await runtime.createSandbox({ id, group, listeners: [], ...(whom === undefined ? {} : { user: whom }) });
      await runtime.createWorkload({ ...grants, id, sandboxId: id, module });
      await runtime.startWorkload(id);
    });
  } finally {
    await runtime.close();
  }
}

/** What the kernel says of all threads of a process, each different answer once. */
function identitiesOf(pid: number): readonly string[] {
  const folder = `/proc/${String(pid)}/task`;
  const wanted = /^(?:Uid|Gid|Groups|CapInh|CapPrm|CapEff|CapAmb|NoNewPrivs):/u;
  const texts = readdirSync(folder).map((thread) => {
    const lines = readFileSync(join(folder, thread, "status"), "utf8").split("\n");
    return lines.filter((line) => wanted.test(line)).map((line) => line.trimEnd().replaceAll(/[\t ]+/gu, " "));
  });
  return [...new Set(texts.map((lines) => lines.join("\n")))];
}

function identity({ uid, gid, additionalGids }: UserSpec): string {
  const ids = [`Uid: ${`${String(uid)} `.repeat(4)}`.trim(), `Gid: ${`${String(gid)} `.repeat(4)}`.trim()];
  const groups = `Groups: ${additionalGids.join(" ")}`.trim();
  const capabilities = ["CapInh", "CapPrm", "CapEff", "CapAmb"].map((set) => `${set}: 0000000000000000`);
  return [...ids, groups, ...capabilities, "NoNewPrivs: 1"].join("\n");
}

function user(uid: number, gid = uid, additionalGids: readonly number[] = []): UserSpec {
  return { uid, gid, additionalGids };
}

for (const whom of [user(1000, 3000, [2000, 4000]), user(1000, 1000), user(0, 0, [2000]), user(0, 3000)]) {
  test(`all threads of a cell of "${JSON.stringify(whom)}" are that user's, without any capability`, () =>
    withGuests(async (runtime, start) => {
      await start("before", undefined, "other");
      await start("a", whom);
      // Born from the same thread, which was like the user meanwhile.
      await start("after");
      const [before, between, after] = runtime.listCells().map(({ pid }) => identitiesOf(pid));
      assert.deepEqual(between, [identity(whom)]);
      assert.deepEqual(after, before);
    }));
}

test("guests share a cell if their users are the same, whatever order their groups are named in", () =>
  withGuests(async (runtime, start) => {
    await start("a", user(1000, 1000, [1, 2]));
    await start("b", user(1000, 1000, [2, 1, 2]));
    assert.equal(runtime.listCells().length, 1);
    await start("other user", user(1001, 1000, [1, 2]));
    await start("other group", user(1000, 1001, [1, 2]));
    await start("fewer groups", user(1000, 1000, [1]));
    await start("nobody");
    assert.equal(new Set(runtime.listCells().map(({ pid }) => pid)).size, 5);
  }));

test("a user's cell waits for them to come back, but only so many of a group do", () =>
  withGuests(async (runtime, start) => {
    await start("a", user(1000));
    const [first] = runtime.listCells();
    await runtime.deleteSandbox("a");
    await start("again", user(1000));
    assert.deepEqual(runtime.listCells(), [first]);
    for (let uid = 2000; uid <= 2000 + IDLE_CELLS_MAX; uid++) {
      await start(`user ${String(uid)}`, user(uid));
      await runtime.deleteSandbox(`user ${String(uid)}`);
    }
    assert.equal(runtime.listCells().length, 1 + IDLE_CELLS_MAX);
    await runtime.deleteSandbox("again");
    assert.equal(runtime.listCells().length, IDLE_CELLS_MAX);
    await runtime.deleteSandbox("pod");
    assert.deepEqual(runtime.listCells(), []);
  }));
