import assert from "node:assert/strict";
import { mkdtempDisposableSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
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
  const blobPath = (digest: string): string => join(scratch.path, digest);
  writeFileSync(blobPath(file), "from a blob");
  const content = blobContent({ blobPath, scratch: scratch.path });
  const spec = await planApplication(readLockedApplication(text), {
    content,
    environment: new Map(),
    takesBareNames: true,
  });
  const [component] = spec.components;
  assert.deepEqual(component?.module, { path: blobPath(module), digest: module });
  const [mount, ...others] = component.mounts;
  assert.deepEqual([mount?.guestPath, mount?.readOnly, others.length], ["/", true, 0]);
  const contentOf = (path: string): string => readFileSync(join(mount?.hostPath ?? "", path), "utf8");
  assert.deepEqual([contentOf("static/a.txt"), contentOf("static/b.txt")], ["from a blob", "hello"]);
});

test("files are within their directory, whatever their paths are, and the last of a path counts", async () => {
  using scratch = mkdtempDisposableSync(`${tmpdir()}/kwasm-spin-`);
  const content = blobContent({ blobPath: () => "/a", scratch: scratch.path });
  const options = { content, environment: new Map(), takesBareNames: true };
  const place = async (...paths: readonly string[]) => {
    const text = lockedWith(paths.map((path, at) => ({ inline: Buffer.from(String(at)).toString("base64"), path })));
    const [component] = (await planApplication(readLockedApplication(text), options)).components;
    const root = component?.mounts[0]?.hostPath ?? "";
    const found = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    return found.map(({ parentPath, name }) => join("/", parentPath.slice(root.length), name)).sort();
  };
  assert.deepEqual(await place("../../up", "/a/../b", "b"), ["/b", "/up"]);
  assert.equal((await place(...Array.from({ length: 300 }, (_, at) => `files/${at}`))).length, 300);
  for (const path of ["", "/", "..", "a/", "a\0b"]) await assert.rejects(place(path), { code: "invalid-argument" });
  await assert.rejects(place("a", "a/b"), { name: "KwasmError" });
  const left = readdirSync(scratch.path).filter((name) => /^files-.{6}$/u.test(name));
  assert.deepEqual(left, []);
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
