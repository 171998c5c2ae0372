import assert from "node:assert/strict";
import { test } from "node:test";

import { KwasmError, silentLog } from "#base";

import { Cell } from "./cell.ts";
import { Spawner } from "./spawner.ts";

test("a cell that dies before it is ready is an error, and nobody waits for it", async () => {
  const spawner = new Spawner();
  try {
    const stillborn = {
      spawn: (order: Parameters<Spawner["spawn"]>[0]) => spawner.spawn({ ...order, argv: ["/bin/false"] }),
    };
    const starting = Cell.start({
      group: "a",
      spawner: stillborn,
      log: silentLog,
      errorFd: 2,
      onGuestEnded: () => undefined,
    });
    await assert.rejects(
      starting,
      (error) => error instanceof KwasmError && /ended at once \(code 1\)/.test(error.message),
    );
  } finally {
    await spawner.close();
  }
});
