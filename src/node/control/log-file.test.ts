import assert from "node:assert/strict";
import { mkdtempDisposableSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { LogFile } from "./log-file.ts";

test("a log keeps its newest lines and one predecessor", () => {
  using directory = mkdtempDisposableSync(join(tmpdir(), "kwasm-log-"));
  const path = join(directory.path, "0.log");
  const log = new LogFile(path, 10);
  for (const line of ["first\n", "second\n", "third\n", "fourth\n", "fifth\n"]) log.write([Buffer.from(line)]);
  log.close();
  log.close();
  assert.equal(readFileSync(`${path}.1`, "utf8"), "third\nfourth\n");
  assert.equal(readFileSync(path, "utf8"), "fifth\n");
});

test("a log that is there already is continued", () => {
  using directory = mkdtempDisposableSync(join(tmpdir(), "kwasm-log-"));
  const path = join(directory.path, "0.log");
  for (const line of ["one\n", "two\n"]) {
    const log = new LogFile(path);
    log.write([Buffer.from(line)]);
    log.close();
  }
  assert.equal(readFileSync(path, "utf8"), "one\ntwo\n");
});
