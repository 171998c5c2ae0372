import assert from "node:assert/strict";
import { mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { inClusterConnection } from "./in-cluster.ts";
import { HeldClock } from "./testing/held-clock.ts";

const env = { KUBERNETES_SERVICE_HOST: "fd00::1", KUBERNETES_SERVICE_PORT: "443" };

async function makeAccount(directory: string): Promise<void> {
  await writeFile(join(directory, "ca.crt"), "an authority");
  await writeFile(join(directory, "token"), "first\n");
  await writeFile(join(directory, "namespace"), "kwasm\n");
}

test("a pod's service account is found", async () => {
  await using directory = await mkdtempDisposable(join(tmpdir(), "kwasm-account-"));
  await makeAccount(directory.path);
  const connection = await inClusterConnection({ env, directory: directory.path });
  assert.equal(connection?.server.href, "https://[fd00::1]/");
  assert.equal(connection.namespace, "kwasm");
  assert.deepEqual(connection.tls, { ca: "an authority" });
});

test("outside a pod there is none", async () => {
  await using directory = await mkdtempDisposable(join(tmpdir(), "kwasm-account-"));
  assert.equal(await inClusterConnection({ env, directory: directory.path }), undefined);
  await makeAccount(directory.path);
  assert.equal(await inClusterConnection({ env: {}, directory: directory.path }), undefined);
});

test("a token that kubelet renewed is read after a minute, and at once when the old one was refused", async () => {
  await using directory = await mkdtempDisposable(join(tmpdir(), "kwasm-account-"));
  await makeAccount(directory.path);
  const clock = new HeldClock();
  const connection = await inClusterConnection({ env, directory: directory.path, clock });
  async function token(isRefused?: boolean): Promise<string | undefined> {
    return (await connection?.headers(isRefused))?.["authorization"];
  }
  assert.equal(await token(), "Bearer first");
  await writeFile(join(directory.path, "token"), "second");
  assert.equal(await token(), "Bearer first");
  assert.equal(await token(true), "Bearer second");
  await writeFile(join(directory.path, "token"), "third");
  await clock.advance(60_000);
  assert.equal(await token(), "Bearer third");
});
