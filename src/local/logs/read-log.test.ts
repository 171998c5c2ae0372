import assert from "node:assert/strict";
import { appendFileSync, mkdtempDisposableSync, renameSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readLog, type ReadLogOptions } from "./read-log.ts";

const first = "2026-01-01T00:00:00.000000001Z stdout F one\n2026-01-01T00:00:01.000000001Z stderr F two\n";
const partial = "2026-01-01T00:00:02.000000001Z stdout P thr\n2026-01-01T00:00:03.000000001Z stdout F ee\n";

function temporaryFolder(): ReturnType<typeof mkdtempDisposableSync> {
  return mkdtempDisposableSync(join(tmpdir(), "kwasm-logs-"));
}

async function check(text: string, options: Partial<ReadLogOptions>, expected: string): Promise<void> {
  using folder = temporaryFolder();
  const path = join(folder.path, "0.log");
  writeFileSync(path, text);
  assert.equal((await Array.fromAsync(readLog(path, { timestamps: false, ...options }))).join(""), expected);
}

test("lines come without their frame, partial ones as one", () => check(first + partial, {}, "one\ntwo\nthree\n"));

test("times are put before lines, once for each", () =>
  check(
    first + partial,
    { timestamps: true, sinceMs: Date.parse("2026-01-01T00:00:02Z") },
    "2026-01-01T00:00:02.000000001Z three\n",
  ));

test("the tail is found from the end, however long lines and file are", async () => {
  await check(first, { tailLines: 1 }, "two\n");
  await check(first, { tailLines: 0 }, "");
  await check(first, { tailLines: 99 }, "one\ntwo\n");
  const long = Array.from(
    { length: 50 },
    (_, line) => `2026-01-01T00:00:00Z stdout F ${line}${"x".repeat(9_000)}\n`,
  ).join("");
  await check(`${long}${first}`, { tailLines: 3 }, `49${"x".repeat(9_000)}\none\ntwo\n`);
  await check("", { tailLines: 3 }, "");
});

test("what is not a record is left out", () => check(`torn\n${first}2026-01-01T00:00:09Z stdout`, {}, "one\ntwo\n"));

test("a log that is not there is empty", async () => {
  using folder = temporaryFolder();
  assert.deepEqual(await Array.fromAsync(readLog(join(folder.path, "0.log"), { timestamps: false })), []);
});

test("a rotated log begins with the file before", async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "0.log");
  writeFileSync(`${path}.1`, first);
  writeFileSync(path, partial);
  assert.equal((await Array.fromAsync(readLog(path, { timestamps: false }))).join(""), "one\ntwo\nthree\n");
});

test("following sees what is appended, goes on after a rotation, and ends with the rest when told to", async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "0.log");
  const over = new AbortController();
  const lines = readLog(path, { timestamps: false, follow: over.signal });
  const firstLine = lines.next();
  writeFileSync(path, first);
  assert.equal((await firstLine).value, "one\n");
  assert.equal((await lines.next()).value, "two\n");
  const third = lines.next();
  renameSync(path, `${path}.1`);
  appendFileSync(path, partial);
  assert.equal((await third).value, "thr");
  assert.equal((await lines.next()).value, "ee\n");
  appendFileSync(path, "2026-01-01T00:00:09Z stdout F last\n");
  over.abort();
  assert.equal((await lines.next()).value, "last\n");
  assert.equal((await lines.next()).done, true);
});

test("what a guest writes while its log is read is left to the next reader", async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "0.log");
  writeFileSync(path, first);
  const lines: string[] = [];
  for await (const line of readLog(path, { timestamps: false })) {
    lines.push(line);
    appendFileSync(path, first);
  }
  assert.deepEqual(lines, ["one\n", "two\n"]);
});
