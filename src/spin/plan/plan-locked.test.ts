import assert from "node:assert/strict";
import { mkdtempDisposableSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { KwasmError } from "#base";
import { readLockedApplication } from "../locked/read-locked.ts";
import { blobContent } from "./content-finder.ts";
import { planApplication } from "./plan-application.ts";

const [module, file] = [`sha256:${"a".repeat(64)}`, `sha256:${"b".repeat(64)}`];

/** As `spin registry push` writes it; small files stand inline. */
function lockedWith(files: readonly object[]): string {
  return JSON.stringify({
    spin_lock_version: 0,
    metadata: { name: "shop" },
    triggers: [{ id: "t", trigger_type: "http", trigger_config: { route: "/...", component: "shop" } }],
    components: [{ id: "shop", source: { content_type: "application/wasm", digest: module }, files }],
  });
}

test("a locked application is planned by the digests of its blobs, with what stands inline written out", async () => {
  using scratch = mkdtempDisposableSync(`${tmpdir()}/kwasm-spin-`);
  const text = lockedWith([
    { digest: file, path: "static/a.txt" },
    { inline: "aGVsbG8=", path: "/static/b.txt" },
  ]);
  const content = blobContent({ blobPath: (digest) => `/blobs/${digest}`, scratch: scratch.path });
  const spec = await planApplication(readLockedApplication(text), {
    content,
    environment: new Map(),
    takesBareNames: true,
  });
  const [component] = spec.components;
  assert.deepEqual(component?.module, { path: `/blobs/${module}`, digest: module });
  const [first, second] = component.mounts;
  assert.deepEqual(first, { guestPath: "/static/a.txt", hostPath: `/blobs/${file}`, readOnly: true });
  assert.equal(second?.guestPath, "/static/b.txt");
  assert.equal(readFileSync(second.hostPath, "utf8"), "hello");
});

test("what is not there, and what only Spin's own machine has, is refused", async () => {
  using scratch = mkdtempDisposableSync(`${tmpdir()}/kwasm-spin-`);
  const content = blobContent({
    blobPath: (digest) => {
      throw new KwasmError("not-found", `find blob "${digest}"`);
    },
    scratch: scratch.path,
  });
  const options = { content, environment: new Map(), takesBareNames: true };
  await assert.rejects(planApplication(readLockedApplication(lockedWith([])), options), { code: "not-found" });
  const local = lockedWith([{ source: "file:///srv", path: "/" }]);
  const withModule = { ...options, content: blobContent({ blobPath: () => "/a", scratch: scratch.path }) };
  await assert.rejects(planApplication(readLockedApplication(local), withModule), { code: "unsupported" });
});
