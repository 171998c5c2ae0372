import assert from "node:assert/strict";
import { closeSync, mkdtempDisposableSync, readFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { silentLog } from "#base";

import { LogWriter } from "./log-writer.ts";

test("what is written into both pipes is in the log when they are drained", async () => {
  using directory = mkdtempDisposableSync(join(tmpdir(), "kwasm-log-"));
  const path = join(directory.path, "0.log");
  const writer = new LogWriter(silentLog);
  const { stdoutFd, stderrFd, drained } = writer.open(path);
  writeSync(stdoutFd, "to one\n");
  writeSync(stderrFd, "to two");
  closeSync(stdoutFd);
  closeSync(stderrFd);
  await drained;
  const lines = readFileSync(path, "utf8").trimEnd().split("\n");
  assert.deepEqual(lines.map((line) => line.replace(/^\S+ /u, "")).toSorted(), ["stderr F to two", "stdout F to one"]);
  await writer.close();
});

test("a log that cannot be kept leaves no pipe that a guest would wait at", async () => {
  const writer = new LogWriter(silentLog);
  const { stdoutFd, stderrFd, drained } = writer.open("/nonexistent/folder/0.log");
  await drained;
  assert.throws(() => writeSync(stdoutFd, "x"), { code: "EPIPE" });
  closeSync(stdoutFd);
  closeSync(stderrFd);
  await writer.close();
});
