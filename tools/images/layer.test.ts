import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";

import { type LayerFile, packLayer, sha256 } from "./layer.ts";

const files: readonly LayerFile[] = [
  { name: "usr/bin/tool", content: "program", mode: 0o755 },
  { name: "usr/share/doc", content: "text", mode: 0o644 },
  { name: "a", content: Buffer.from([0]), mode: 0o644 },
];

test("a layer is the same whatever order its files come in", async () => {
  const layer = await packLayer(files);
  assert.deepEqual(await packLayer(files.toReversed()), layer);
  assert.equal(layer.digest, sha256(layer.blob));
});

test("a layer has its folders before what is in them, and nothing of the machine", async () => {
  const { blob } = await packLayer(files);
  const listed = execFileSync("tar", ["--list", "--verbose", "--numeric-owner", "--utc", "--gzip", "--file=-"], {
    input: blob,
    encoding: "utf8",
  });
  const lines = listed.trim().split("\n");
  assert.deepEqual(
    lines.map((line) => line.replaceAll(/\s+/gu, " ")),
    [
      "drwxr-xr-x 0/0 0 1970-01-01 00:00 usr/",
      "drwxr-xr-x 0/0 0 1970-01-01 00:00 usr/bin/",
      "drwxr-xr-x 0/0 0 1970-01-01 00:00 usr/share/",
      "-rw-r--r-- 0/0 1 1970-01-01 00:00 a",
      "-rwxr-xr-x 0/0 7 1970-01-01 00:00 usr/bin/tool",
      "-rw-r--r-- 0/0 4 1970-01-01 00:00 usr/share/doc",
    ],
  );
});
