import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { mkdtempDisposableSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { KwasmError, silentLog } from "#base";

import type { CellPlace, NodeRuntime, SandboxSpec, UserSpec } from "../workload.ts";
import { type CellHost, type HostedProcess, localHost } from "./cell-host.ts";
import { HeldClock } from "./runtime-fixture.ts";
import { createNodeRuntime } from "./runtime.ts";
import { guestModule } from "./testdata/guests.ts";

/** A runtime whose processes the test sees, and whose spare cell is started when the test says so. */
class Scene implements AsyncDisposable {
  readonly #directory = mkdtempDisposableSync(join(tmpdir(), "kwasm-spare-"));
  readonly #local = localHost();
  readonly #events = new EventEmitter();
  readonly clock = new HeldClock();
  /** All that were started, in order. */
  readonly spawned: HostedProcess[] = [];
  readonly notes: string[] = [];
  /** Set where the keeper does not know the request. */
  refusal: KwasmError | undefined;
  readonly runtime: NodeRuntime;
  #digest = "";

  private constructor() {
    const host: CellHost = {
      ...this.#local,
      spawn: async (order, hold) => {
        const started = await this.#local.spawn(order, hold);
        this.spawned.push(started);
        this.#events.emit("spawned");
        return started;
      },
      note: async ({ pid }, note) => {
        if (this.refusal !== undefined) throw this.refusal;
        this.notes.push(`${String(this.indexOf(pid))} ${note}`);
      },
    };
    this.runtime = createNodeRuntime({
      stateDir: join(this.#directory.path, "state"),
      log: silentLog,
      host,
      places: { placeOf },
      clock: this.clock,
    });
  }

  static async start(): Promise<Scene> {
    const scene = new Scene();
    const { bytes, digest } = await guestModule("sleeper");
    scene.#digest = digest;
    writeFileSync(scene.#modulePath, bytes);
    return scene;
  }

  get #modulePath(): string {
    return join(this.#directory.path, "guest.wasm");
  }

  indexOf(pid: number): number {
    return this.spawned.findIndex((one) => one.pid === pid);
  }

  /** Starts a guest, alone in its group, and says in which of the processes it is. */
  async run(group: string, more: Partial<SandboxSpec> = {}): Promise<number> {
    await this.runtime.createSandbox({ id: group, group, listeners: [], ...more });
    const grants = { args: [], env: [], mounts: [], output: { kind: "discard" }, memoryBytesMax: 65_536 } as const;
    const module = { path: this.#modulePath, digest: this.#digest };
    await this.runtime.createWorkload({ ...grants, id: group, sandboxId: group, module });
    assert.equal((await this.runtime.startWorkload(group)).state, "running");
    return this.indexOf(this.runtime.listCells().find((cell) => cell.group === group)?.pid ?? 0);
  }

  /** Lets the moment pass after which the spare cell is started, and waits for its process. */
  async makeSpare(): Promise<HostedProcess> {
    const count = this.spawned.length;
    assert.equal(this.clock.wake(), 1);
    while (this.spawned.length === count) await once(this.#events, "spawned");
    const spare = this.spawned.at(-1);
    assert.ok(spare !== undefined);
    return spare;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.runtime.close();
    this.#directory.remove();
  }
}

function placeOf({ podCgroup }: Pick<SandboxSpec, "podCgroup">): CellPlace {
  return { cgroups: [], oomScoreAdj: podCgroup === "/other" ? 100 : 0 };
}

function user(uid: number, additionalGids: readonly number[] = []): UserSpec {
  return { uid, gid: uid, additionalGids };
}

test("the first guest of a group is started in the spare cell, and the host knows it before", async () => {
  await using scene = await Scene.start();
  await scene.run("one");
  await scene.makeSpare();
  assert.deepEqual(
    scene.runtime.listCells().map(({ group }) => group),
    ["one"],
  );
  assert.equal(await scene.run("two"), 1);
  assert.deepEqual(scene.notes, ['1 {"group":"two"}']);
  await scene.makeSpare();
  assert.equal(await scene.run("three"), 2);
  assert.equal(scene.spawned.length, 3);
});

test("a spare cell is given to guests of its own user only, and the next one is the last user's", async () => {
  await using scene = await Scene.start();
  await scene.run("one", { user: user(1000, [1, 2]) });
  const first = await scene.makeSpare();
  for (const other of [user(1001, [1, 2]), user(1000, [1]), undefined]) {
    const index = await scene.run(JSON.stringify(other ?? "nobody"), other === undefined ? {} : { user: other });
    assert.equal(index, scene.spawned.length - 1);
  }
  assert.deepEqual(scene.notes, []);
  await scene.makeSpare();
  assert.equal((await first.ended).signal, "SIGKILL");
  assert.equal(await scene.run("two"), scene.spawned.length - 1);
  assert.equal(scene.notes.length, 1);
});

test("users are the same whatever order their groups are named in", async () => {
  await using scene = await Scene.start();
  await scene.run("one", { user: user(1000, [1, 2]) });
  await scene.makeSpare();
  assert.equal(await scene.run("two", { user: user(1000, [2, 1, 2]) }), 1);
  assert.equal(scene.spawned.length, 2);
});

test("a pod with a cgroup of its own neither gets the spare cell nor has one made like its own", async () => {
  await using scene = await Scene.start();
  await scene.run("own", { podCgroup: "/other" });
  assert.equal(scene.clock.wake(), 0);
  await scene.run("one");
  await scene.makeSpare();
  assert.equal(await scene.run("same place", { podCgroup: "/same" }), 3);
  assert.equal(await scene.run("two"), 2);
});

test("the spare cell ends with the last group, and none is started after it", async () => {
  await using scene = await Scene.start();
  await scene.run("one");
  await scene.run("two");
  const spare = await scene.makeSpare();
  await scene.runtime.deleteSandbox("one");
  process.kill(spare.pid, 0);
  await scene.runtime.deleteSandbox("two");
  assert.throws(() => process.kill(spare.pid, 0), { code: "ESRCH" });
  await scene.run("three");
  await scene.runtime.deleteSandbox("three");
  assert.equal(scene.clock.wake(), 0);
});

test("a spare cell that died is replaced when the next group has its cell, and nobody waits for it", async () => {
  await using scene = await Scene.start();
  await scene.run("one");
  const spare = await scene.makeSpare();
  process.kill(spare.pid, "SIGKILL");
  assert.equal(await scene.run("two"), 2);
  await spare.ended;
  await scene.makeSpare();
  assert.equal(await scene.run("three"), 3);
});

test("a keeper that cannot be told whose a spare cell is costs no guest, and has no more of them", async () => {
  await using scene = await Scene.start();
  scene.refusal = new KwasmError("unsupported", "this keeper is too old");
  await scene.run("one");
  const spare = await scene.makeSpare();
  assert.equal(await scene.run("two"), 2);
  assert.equal((await spare.ended).signal, "SIGKILL");
  assert.equal(scene.clock.wake(), 0);
});
