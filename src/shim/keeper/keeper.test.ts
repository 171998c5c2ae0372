import { mkdirSync, mkdtempDisposableSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { silentLog, systemClock } from "#base";

import { startKeeper } from "./keeper.ts";

/** A control that takes calls and never ends by itself. */
const patient = `require("node:fs").writeSync(4, '{"id":1,"request":{"call":"ready"}}\\n'); setInterval(() => 0, 1000)`;

function command(): readonly string[] {
  return [process.execPath, "-e", patient];
}

test("a keeper serves where the mark of its control cannot be written", async () => {
  using directory = mkdtempDisposableSync(join(tmpdir(), "kwasm-keeper-"));
  mkdirSync(join(directory.path, "control.pid", "in the way"), { recursive: true });
  await using _keeper = await startKeeper({ directory: directory.path, command, clock: systemClock, log: silentLog });
});
