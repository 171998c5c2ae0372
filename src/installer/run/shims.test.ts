import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { after, before, suite, test } from "node:test";
import { gzipSync } from "node:zlib";
import { pack } from "tar-stream";

import { FakeNode } from "../testing/fake-node.ts";

const fixtures = ["containerd-1.6", "containerd-2-v3", "k3s-2", "k0s-2", "microk8s-1.7"];

suite("a shim of somebody else", () => {
  const archives = new Map<string, Buffer>();
  let server: Server;
  let base = "";
  before(async () => {
    server = createServer((request, response) => void response.end(archives.get(request.url ?? "")));
    await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    assert.ok(typeof address === "object" && address !== null);
    base = `http://127.0.0.1:${String(address.port)}`;
  });
  after(() => void server.close());

  /** What the operator says of a shim whose program has this text. */
  async function offer(name: string, program: string, fields: object = {}): Promise<string> {
    const archive = pack();
    archive.entry({ name: `containerd-shim-${name}-v1` }, program);
    archive.finalize();
    const content = gzipSync(await buffer(archive));
    archives.set(`/${program}`, content);
    const sha256 = createHash("sha256").update(content).digest("hex");
    return JSON.stringify({ name, handler: name, url: `${base}/${program}`, sha256, ...fields });
  }

  for (const fixture of fixtures) {
    test(`${fixture}: is served beside our runtime, and each goes without the other`, async () => {
      using node = new FakeNode(fixture);
      const bare = node.read();
      node.shim = await offer("slow", "one", { options: { Level: "high", Fast: false, Count: 3 } });
      const report = await node.perform("install-shim");
      assert.equal(report.outcome, "installed", report.message);
      const handlers = (): readonly string[] => [...node.containerd.answer().handlers.keys()];
      assert.deepEqual([handlers().includes("slow"), handlers().includes("kwasm")], [true, false]);
      assert.equal((await node.perform("install")).outcome, "installed");
      assert.equal((await node.perform("install-shim")).outcome, "unchanged");
      assert.deepEqual([handlers().includes("slow"), handlers().includes("kwasm")], [true, true]);
      assert.equal((await node.perform("uninstall")).outcome, "removed");
      assert.deepEqual([handlers().includes("slow"), handlers().includes("kwasm")], [true, false]);
      assert.equal((await node.perform("uninstall-shim")).outcome, "removed");
      assert.deepEqual(
        handlers(),
        handlers().filter((name) => name !== "slow" && name !== "kwasm"),
      );
      assert.deepEqual(Object.fromEntries(node.read()), Object.fromEntries(bare));
    });
  }

  test("a new version takes the place of the one before, and of no other shim", async () => {
    using node = new FakeNode("containerd-1.6");
    node.shim = await offer("slow", "one");
    await node.perform("install-shim");
    node.shim = await offer("fast", "other");
    await node.perform("install-shim");
    node.shim = await offer("slow", "two");
    const report = await node.perform("install-shim");
    assert.equal(report.outcome, "installed", report.message);
    const path = node.containerd.answer().handlers.get("slow")?.runtimeType ?? "";
    assert.equal(readFileSync(join(node.root, path), "utf8"), "two");
    assert.ok(node.containerd.answer().handlers.has("fast"));
    assert.equal(readdirSync(join(node.root, "opt/kwasm/shims/slow")).length, 1);
  });

  test("a handler of ours is the user's shim's while it is there", async () => {
    using node = new FakeNode("containerd-2-v3");
    await node.perform("install");
    node.shim = await offer("mine", "mine", { handler: "spin" });
    await node.perform("install-shim");
    assert.match(node.containerd.answer().handlers.get("spin")?.runtimeType ?? "", /\/shims\/mine\//u);
    await node.perform("uninstall-shim");
    assert.match(node.containerd.answer().handlers.get("spin")?.runtimeType ?? "", /\/bin\/containerd-shim-spin-v2$/u);
  });

  test("one that is refused changes nothing, and the reason is one word", async () => {
    using node = new FakeNode("containerd-1.6");
    const bare = node.read();
    const wrong = [
      [{ sha256: "0".repeat(64) }, "DigestMismatch"],
      [{ url: "http://127.0.0.1:1/" }, "ArchiveUnreachable"],
    ] as const;
    for (const [fields, reason] of wrong) {
      node.shim = await offer("slow", "one", fields);
      const report = await node.perform("install-shim");
      assert.deepEqual([report.outcome, report.reason], ["rolled-back", reason], report.message);
    }
    node.shim = '{"name": "../etc"}';
    assert.equal((await node.perform("install-shim")).outcome, "failed");
    assert.deepEqual(Object.fromEntries(node.read()), Object.fromEntries(bare));
  });

  test("an installer that is killed at any step leaves a containerd that starts, and the next one finishes", async () => {
    using counted = new FakeNode("containerd-2-v3");
    const shim = await offer("slow", "one");
    counted.shim = shim;
    await counted.perform("install");
    await counted.perform("install-shim");
    for (let at = 1; at <= counted.host.steps; at += 1) {
      using node = new FakeNode("containerd-2-v3");
      const bare = node.read();
      node.shim = shim;
      await node.perform("install");
      await node.perform("install-shim", { at, when: "within" });
      assert.ok(node.containerd.start(node.host));
      const report = await node.perform("install-shim");
      assert.ok(["installed", "unchanged"].includes(report.outcome), report.message);
      assert.deepEqual(
        ["slow", "kwasm"].filter((name) => !node.containerd.answer().handlers.has(name)),
        [],
      );
      await node.perform("uninstall-shim", { at, when: "after" });
      assert.ok(node.containerd.start(node.host));
      await node.perform("uninstall-shim");
      await node.perform("uninstall");
      assert.deepEqual(Object.fromEntries(node.read()), Object.fromEntries(bare));
      assert.ok(!existsSync(join(node.root, "opt/kwasm")));
    }
  });
});
