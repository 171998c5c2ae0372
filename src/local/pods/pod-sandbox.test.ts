import assert from "node:assert/strict";
import { mkdtempDisposableSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { KwasmError, systemClock } from "#base";
import type { SandboxView } from "#node";
import { EventStore } from "../store/event-store.ts";
import { ObjectStore } from "../store/object-store.ts";
import { openStateDatabase } from "../store/state-database.ts";
import { FakeRuntime } from "../testing/fake-runtime.ts";
import { makePod } from "../testing/objects.ts";
import { AddressAllocator } from "./pod-addresses.ts";
import { openPodSandbox } from "./pod-sandbox.ts";

class DeafRuntime extends FakeRuntime {
  override async createSandbox(): Promise<SandboxView> {
    throw new KwasmError("unavailable", "listen: nothing can be bound");
  }
}

test("a pod that cannot listen gives its new address back, and keeps one that it had", async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), "kwasm-sandbox-"));
  using database = openStateDatabase(folder.path);
  const kept = "127.64.0.9";
  const addresses = new AddressAllocator({ prefix: "127.64" }, [kept]);
  const context = {
    addresses,
    events: new EventStore(database, systemClock),
    lowestPort: 1,
    runtime: new DeafRuntime(),
    store: new ObjectStore(database, systemClock),
  };
  const status = { phase: "Running", conditions: [], containerStatuses: [], podIP: kept } as const;
  await assert.rejects(openPodSandbox(context, makePod("new")), { code: "unavailable" });
  await assert.rejects(openPodSandbox(context, { ...makePod("old"), status }), { code: "unavailable" });
  assert.deepEqual([addresses.claim("127.64.0.1"), addresses.claim(kept)], [true, false]);
});
