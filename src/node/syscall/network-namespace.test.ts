import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, readlinkSync } from "node:fs";
import { test } from "node:test";

import { openListener } from "./listener.ts";
import { runInNetworkNamespace } from "./network-namespace.ts";

const own = (): string => readlinkSync("/proc/thread-self/ns/net");

/** A process in a network namespace of its own, which lasts as long as it. */
async function startNamespace(): Promise<{ readonly path: string; end(): Promise<void> }> {
  const child = spawn("unshare", ["--net", "sh", "-c", "echo ready; read -r end"]);
  await once(child.stdout, "data");
  return {
    path: `/proc/${String(child.pid)}/ns/net`,
    async end() {
      child.stdin.end();
      await once(child, "exit");
    },
  };
}

test("sockets are opened in the other namespace, and the thread comes back", async () => {
  const before = own();
  const other = await startNamespace();
  const first = openListener({ address: "0.0.0.0", port: 0 });
  const inside = runInNetworkNamespace(other.path, () => ({
    namespace: own(),
    // The port is free there, because it is another network.
    listener: openListener({ address: "0.0.0.0", port: first.port }),
  }));
  assert.notEqual(inside.namespace, before);
  assert.equal(inside.listener.port, first.port);
  assert.equal(own(), before);
  closeSync(first.fd);
  closeSync(inside.listener.fd);
  await other.end();
});

test("the thread comes back from a failure inside", async () => {
  const before = own();
  const other = await startNamespace();
  assert.throws(
    () =>
      runInNetworkNamespace(other.path, () => {
        throw new Error("inside");
      }),
    /inside/u,
  );
  assert.equal(own(), before);
  await other.end();
});

test("a namespace that is not there is named", () => {
  assert.throws(() => runInNetworkNamespace("/nowhere/net", () => 0), {
    code: "not-found",
    message: /\/nowhere\/net/u,
  });
});
