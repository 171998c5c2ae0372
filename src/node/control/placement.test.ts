import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { type CellHost, localHost } from "./cell-host.ts";
import { Machine } from "./runtime-fixture.ts";

/** How late the host of cells tells their ends, and how late it has let go of what it holds of a guest's output. */
interface Delays {
  readonly endedMs: number;
  readonly droppedMs: number;
}

function slowHost({ endedMs, droppedMs }: Delays): CellHost {
  const local = localHost();
  return {
    ...local,
    spawn: async (order, hold) => {
      const started = await local.spawn(order, hold);
      return { ...started, ended: started.ended.then((end) => sleep(endedMs, end)) };
    },
    drop: async (name) => {
      await sleep(droppedMs);
      await local.drop(name);
    },
  };
}

/** A guest is to start while another one keeps the thread of their cell, which is ended because of that. */
async function check(delays: Delays): Promise<void> {
  await using machine = new Machine(slowHost(delays));
  await machine.place("pod");
  await machine.place("spinning");
  await machine.run("neighbour", "sleeper");
  await machine.run("villain", "spinner", { sandboxId: "spinning" });
  const stdoutPath = join(machine.path, "fifo");
  execFileSync("mkfifo", [stdoutPath]);
  const late = await machine.run("late", "sleeper", { output: { kind: "fifos", stdoutPath } });
  assert.equal(late.state, "running");
  await machine.runtime.killWorkload("late", "SIGTERM");
  assert.equal((await machine.runtime.waitWorkload("late")).code, 143);
}

test("a guest is not started in a cell that was killed and whose end is not known yet", () => {
  return check({ endedMs: 200, droppedMs: 0 });
});

test("a guest is not started in a cell that ended while its output was opened anew", () => {
  return check({ endedMs: 50, droppedMs: 300 });
});
