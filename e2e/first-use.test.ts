import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempDisposableSync, readdirSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";

// Makes sure that the packages of this tree are fresh, which the copy shares.
import { root } from "./command-fixture.ts";

const run = promisify(execFile);

test("several first uses at once bundle once, through links and in a path with spaces", async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), "kwasm first use "));
  const copy = join(folder.path, "a copy");
  mkdirSync(copy);
  for (const name of ["kwasm", "package.json", "package-lock.json", "src", "tools"]) {
    cpSync(join(root, name), join(copy, name), { recursive: true, preserveTimestamps: true });
  }
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
  symlinkSync("a copy/kwasm", join(folder.path, "relative"));
  symlinkSync(join(folder.path, "relative"), join(folder.path, "link of a link"));

  const programs = [join(copy, "kwasm"), join(folder.path, "relative"), join(folder.path, "link of a link")];
  const ended = await Promise.all(programs.map((program) => run(program, ["version"], { cwd: "/" })));
  for (const { stdout } of ended) assert.match(stdout, /^kwasm \d+\.\d+\.\d+ \(/);
  assert.equal(readdirSync(join(copy, "dist/builds")).length, 1);
});
