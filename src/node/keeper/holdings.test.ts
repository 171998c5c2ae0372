import assert from "node:assert/strict";
import { test } from "node:test";

import type { SpawnedProcess } from "../control/spawner.ts";
import { Holdings } from "./holdings.ts";

test("a process whose start is under way is listed once it has started, and one that fails is not", async () => {
  const starts = [Promise.withResolvers<SpawnedProcess>(), Promise.withResolvers<SpawnedProcess>()] as const;
  const waiting = [...starts];
  const spawn = () => waiting.shift()?.promise ?? Promise.reject(new Error("there is no third"));
  const holdings = new Holdings({ spawn, close: () => Promise.resolve() });
  const order = { argv: ["/bin/true"], env: {}, descriptors: [] };
  const first = holdings.spawn("a", "", order, []);
  const second = holdings.spawn("b", "", order, []);
  const listing = holdings.list();
  starts[0].resolve({ pid: 7, complaints: [], ended: new Promise(() => undefined), kill: () => undefined });
  starts[1].reject(new Error("there is no memory"));
  assert.equal((await first).pid, 7);
  await assert.rejects(second);
  assert.deepEqual(
    (await listing).processes.map(({ name }) => name),
    ["a"],
  );
});
