import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { linkSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import type { HostErrorCode } from "../host-error.ts";
import type { OpenOptions } from "./file-types.ts";
import {
  type GrantFixture,
  grantScratch,
  openDirectory,
  openFile,
  checkOutcome,
  readText,
  writeHostFile,
} from "./grant-fixture.ts";
import { PATH_DEPTH_MAX, SYMLINKS_MAX } from "./walk.ts";

const follow: OpenOptions = { read: true, followFinal: true };
const creation: OpenOptions = { create: true, read: true, write: true };

/** `dir/nested/file`, and symlinks of every kind beside. */
function fill(hostPath: string): void {
  mkdirSync(join(hostPath, "dir/nested"), { recursive: true });
  writeHostFile(hostPath, "dir/nested/file", "text");
  const links = {
    "to-file": "dir/nested/file",
    "to-directory": "dir/nested",
    "to-directory-slash": "dir/nested/",
    "to-file-slash": "dir/nested/file/",
    "dir/up": "../dir/nested",
    "to-nothing": "made-by-following",
    "to-itself": "to-itself",
    outside: "../../etc/hostname",
    "outside-by-way": "dir/nested/../../../etc",
    absolute: "/etc/hostname",
    "absolute-root": "/",
  };
  for (const [name, target] of Object.entries(links)) symlinkSync(target, join(hostPath, name));
}

function checkOpens(cases: readonly (readonly [string, OpenOptions, HostErrorCode | "ok"])[]): void {
  using grant = grantScratch({ fill });
  for (const [path, options, expected] of cases) {
    checkOutcome(
      () => grant.root.openAt(path, options),
      expected,
      `${JSON.stringify(path)} ${JSON.stringify(options)}`,
    );
  }
  assert.equal(grant.budget.used, 1, "only the root is still open");
}

test("paths resolve within the directory as POSIX has it", () => {
  checkOpens([
    ["dir/nested/file", {}, "ok"],
    ["dir/.//nested/../../dir/nested/../nested///./file", {}, "ok"],
    [".", {}, "ok"],
    ["dir/..", {}, "ok"],
    ["dir/nested/", {}, "ok"],
    ["dir/nested///", {}, "ok"],
    ["dir/nested/file/", {}, "not-directory"],
    ["dir/nested/file///", {}, "not-directory"],
    ["dir/nested/file/.", {}, "not-directory"],
    ["dir/nested/file/x", {}, "not-directory"],
    ["dir/nested/file", { mustBeDirectory: true }, "not-directory"],
    ["dir/nested/file\0", {}, "invalid"],
    ["", {}, "no-entry"],
    ["missing", {}, "no-entry"],
    ["missing/file", creation, "no-entry"],
    ["n".repeat(256), {}, "name-too-long"],
    ["./".repeat(2049), {}, "name-too-long"],
  ]);
});

test("nothing outside the directory can be named", () => {
  checkOpens([
    ["/dir/nested/file", {}, "not-permitted"],
    ["/", {}, "not-permitted"],
    ["..", {}, "not-permitted"],
    ["dir/nested/../../../dir/nested/file", {}, "not-permitted"],
    ["outside", follow, "not-permitted"],
    ["outside-by-way/hostname", {}, "not-permitted"],
    ["absolute", follow, "not-permitted"],
    ["absolute-root/etc/hostname", {}, "not-permitted"],
    ["outside", { ...creation, followFinal: true }, "not-permitted"],
  ]);
});

test("a handle is a sandbox of its own, also below the grant", () => {
  using grant = grantScratch({ fill });
  using nested = openDirectory(grant.root, "dir");
  check("nested/file", "ok");
  check("..", "not-permitted");
  check("../dir/nested/file", "not-permitted");
  check("up/file", "not-permitted");

  function check(path: string, expected: HostErrorCode | "ok"): void {
    checkOutcome(() => nested.openAt(path, follow), expected, path);
  }
});

test("symlinks are followed in the middle, and at the end when asked to", () => {
  checkOpens([
    ["to-file", follow, "ok"],
    ["to-file", {}, "loop"],
    ["to-file", { mustBeDirectory: true }, "not-directory"],
    ["to-file", { ...follow, mustBeDirectory: true }, "not-directory"],
    ["to-file/", {}, "not-directory"],
    ["to-file-slash", follow, "not-directory"],
    ["to-directory", {}, "loop"],
    ["to-directory", { mustBeDirectory: true }, "not-directory"],
    ["to-directory", { followFinal: true, mustBeDirectory: true }, "ok"],
    ["to-directory/", {}, "ok"],
    ["to-directory-slash", { followFinal: true }, "ok"],
    ["to-directory/file", {}, "ok"],
    ["to-directory-slash/file", {}, "ok"],
    ["dir/up/file", {}, "ok"],
    ["to-nothing", {}, "loop"],
    ["to-nothing", { mustBeDirectory: true }, "not-directory"],
    ["to-nothing", follow, "no-entry"],
    ["to-itself", {}, "loop"],
    ["to-itself", follow, "loop"],
    ["to-itself/x", {}, "loop"],
  ]);
});

test("creating, excluding and truncating act as openat does", () => {
  checkOpens([
    ["new", creation, "ok"],
    ["new", { ...creation, exclusive: true }, "exist"],
    ["dir", { ...creation, exclusive: true }, "exist"],
    ["newer", { create: true, exclusive: true }, "ok"],
    ["to-nothing", { ...creation, exclusive: true, followFinal: true }, "exist"],
    ["to-nothing", creation, "loop"],
    ["to-nothing", { ...creation, followFinal: true }, "ok"],
    ["made-by-following", {}, "ok"],
    ["slash/", creation, "is-directory"],
    ["dir", { create: true }, "is-directory"],
    ["dir", { write: true }, "is-directory"],
    [".", { mustBeDirectory: true, read: true, write: true }, "is-directory"],
    ["dir", { truncate: true }, "is-directory"],
    ["new", { create: true, mustBeDirectory: true }, "invalid"],
    [".", { nonBlock: true }, "ok"],
  ]);
});

test("truncation empties a file, with and without the right to write", () => {
  for (const write of [true, false]) {
    using grant = grantScratch({ fill });
    using file = openFile(grant.root, "dir/nested/file", { truncate: true, write });
    assert.equal(file.stat().sizeBytes, 0n);
  }
});

test("a chain of symlinks is followed up to the limit", () => {
  using grant = grantScratch({
    fill(hostPath) {
      writeHostFile(hostPath, "link0", "end");
      for (let index = 1; index <= SYMLINKS_MAX + 1; index += 1) {
        symlinkSync(`link${index - 1}`, join(hostPath, `link${index}`));
      }
    },
  });
  assert.equal(readText(grant.root, `link${SYMLINKS_MAX}`), "end");
  checkOutcome(() => grant.root.openAt(`link${SYMLINKS_MAX + 1}`, follow), "loop");
});

test("a path that is too deep or too long to walk is an error, not a wait", () => {
  using grant = grantScratch({
    fill(hostPath) {
      mkdirSync(join(hostPath, "d/".repeat(PATH_DEPTH_MAX + 1)), { recursive: true });
      // Each link walks up and down again a thousand times; forty of them would be eighty thousand steps.
      for (let index = 0; index < SYMLINKS_MAX; index += 1) {
        symlinkSync(`${"d/../".repeat(800)}link${index + 1}`, join(hostPath, `link${index}`));
      }
    },
  });
  check("d/".repeat(PATH_DEPTH_MAX), "ok");
  check("d/".repeat(PATH_DEPTH_MAX + 2), "name-too-long");
  check("link0", "loop");

  function check(path: string, expected: HostErrorCode | "ok"): void {
    checkOutcome(() => grant.root.openAt(path, { followFinal: true }), expected);
  }
});

test("FIFOs and sockets are seen but never opened", async () => {
  using grant = grantScratch();
  execFileSync("mkfifo", [join(grant.hostPath, "fifo")]);
  const server = createServer().listen(join(grant.hostPath, "socket"));
  await new Promise((resolve) => server.once("listening", resolve));
  for (const name of ["fifo", "socket"] as const) {
    assert.equal(grant.root.statAt(name, true).type, name);
    for (const options of [{ read: true }, { write: true }, { read: true, write: true }]) {
      checkOutcome(() => grant.root.openAt(name, options), "unsupported");
    }
  }
  await new Promise((resolve) => server.close(resolve));
});

test("a directory moved out of the grant while it is open does not lead there", () => {
  using grant = grantScratch({ fill });
  using elsewhere = grantScratch();
  using nested = openDirectory(grant.root, "dir/nested");
  execFileSync("mv", [join(grant.hostPath, "dir/nested"), join(elsewhere.hostPath, "moved")]);
  assert.equal(readText(nested, "file"), "text");
  checkOutcome(() => nested.openAt("..", {}), "not-permitted");
});

test("positions, appending and sizes of a file", async () => {
  using grant = grantScratch();
  using file = openFile(grant.root, "file", creation);
  assert.equal(file.writeAt(Buffer.from("hello"), 3n), 5);
  assert.equal(file.append(Buffer.from("!")), 1);
  file.writeAt(Buffer.from("abc"), 0n);
  assert.equal(readText(grant.root, "file"), "abchello!");
  assert.equal(file.readAt(new Uint8Array(4), 9n), 0);
  file.setSize(4n);
  assert.equal(file.stat().sizeBytes, 4n);
  await file.sync();
  await file.dataSync();
  await grant.root.sync();
  linkSync(join(grant.hostPath, "file"), join(grant.hostPath, "second"));
  assert.equal(file.stat().linkCount, 2n);
  assert.equal(readFileSync(join(grant.hostPath, "second"), "utf8"), "abch");
});

test("a file keeps to what it was opened for and to the offsets there are", () => {
  using grant = grantScratch({ fill });
  using reader = openFile(grant.root, "dir/nested/file", { read: true });
  using writer = openFile(grant.root, "dir/nested/file", { write: true });
  const buffer = new Uint8Array(1);
  checkOutcome(() => void reader.writeAt(buffer, 0n), "bad-descriptor");
  checkOutcome(() => void reader.append(buffer), "bad-descriptor");
  checkOutcome(() => reader.setSize(0n), "bad-descriptor");
  checkOutcome(() => void writer.readAt(buffer, 0n), "bad-descriptor");
  checkOutcome(() => void reader.readAt(buffer, 2n ** 63n), "invalid");
  checkOutcome(() => void writer.writeAt(buffer, 2n ** 64n - 1n), "invalid");
  checkOutcome(() => void writer.writeAt(buffer, 2n ** 60n), "file-too-large");
  checkOutcome(() => writer.setSize(2n ** 64n - 1n), "invalid");
  checkOutcome(() => reader.advise(10n, 50n, "normal"), "ok");
  checkOutcome(() => reader.advise(2n ** 63n, 50n, "normal"), "invalid");
  checkOutcome(() => writer.allocate(0n, 1n), "unsupported");
  reader.close();
  reader.close();
  checkOutcome(() => void reader.readAt(buffer, 0n), "bad-descriptor");
  checkOutcome(() => void reader.stat(), "bad-descriptor");
});

test("a closed tree has closed every handle", () => {
  using grant: GrantFixture = grantScratch({ fill });
  const nested = openDirectory(grant.root, "dir");
  const file = openFile(nested, "nested/file", { read: true });
  grant.tree.close();
  assert.equal(grant.budget.used, 0);
  for (const call of [
    () => void nested.stat(),
    () => void nested.openAt("nested", {}),
    () => void file.stat(),
    () => void grant.tree.openRoot(),
  ]) {
    checkOutcome(call, "bad-descriptor");
  }
});

test("handles beyond filesOpenMax are refused before anything changes", () => {
  using grant = grantScratch({ filesOpenMax: 2 });
  using first = openFile(grant.root, "first", creation);
  checkOutcome(() => grant.root.openAt("second", creation), "too-many-open-files");
  first.close();
  checkOutcome(() => grant.root.openAt("second", { ...creation, exclusive: true }), "ok");
});
