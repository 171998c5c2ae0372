import assert from "node:assert/strict";
import { mkdtempDisposableSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readContainerConfig } from "./container-config.ts";

const stateless = 'state_dir = ""\n';

/** `root` is a folder that the container sees as its root, with what `prepare` puts there. */
async function check(
  prepare: (root: string) => void,
  mountsIn: (root: string) => Parameters<typeof readContainerConfig>[0],
  expected: string | undefined,
): Promise<void> {
  using directory = mkdtempDisposableSync(join(tmpdir(), "kwasm-spin-"));
  prepare(directory.path);
  const mounts = [{ hostPath: directory.path, guestPath: "/" }, ...mountsIn(directory.path)];
  assert.equal((await readContainerConfig(mounts))?.stateDirectory, expected);
}

const nothing = () => [];

/** Puts the text where an image has the file. */
const writing = (text: string) => (root: string) => writeFileSync(join(root, "runtime-config.toml"), text);

/** Makes a link to a file that says something. */
const linking = (name: string) => (root: string) => {
  writeFileSync(join(root, "other"), stateless);
  symlinkSync("other", join(root, name));
};

test("a file in the root of an image is the container's runtime configuration", async () => {
  await check(writing(stateless), nothing, "");
});

test("a file that is mounted there counts, links and all", async () => {
  await check(linking("link"), (root) => [{ hostPath: join(root, "link"), guestPath: "/runtime-config.toml" }], "");
});

test("a file that is mounted there takes the place of the image's", async () => {
  await check(writing(stateless), () => [{ hostPath: "/dev/null", guestPath: "/runtime-config.toml" }], undefined);
});

test("without a file there is none, and a link of an image or a folder is no file", async () => {
  await check(() => undefined, nothing, undefined);
  await check(linking("runtime-config.toml"), nothing, undefined);
  await check(
    () => undefined,
    (root) => [{ hostPath: root, guestPath: "/runtime-config.toml" }],
    undefined,
  );
});

for (const text of [
  'state_dir = "data"',
  '[key_value_store.default]\ntype = "spin"\npath = "/data/kv.db"',
  '[sqlite_database.default]\ntype = "spin"\npath = "own.db"',
]) {
  test(`${text.split("\n").join(" ")} is refused in a container, whose files it would not be`, async () => {
    const refusal = { code: "unsupported", message: /a container has no such files; leave it out/ };
    await assert.rejects(check(writing(text), nothing, undefined), refusal);
  });
}
