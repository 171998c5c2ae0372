import assert from "node:assert/strict";
import { existsSync, lstatSync, mkdirSync, readlinkSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Directory } from "./file-types.ts";
import { checkOutcome, grantScratch, openDirectory, openFile, readText, writeHostFile } from "./grant-fixture.ts";

/** `file`, `dir`, `full/file`, and symlinks `link` to the file, `dirlink` to the directory, `dangling`, `absolute`. */
function fill(hostPath: string): void {
  mkdirSync(join(hostPath, "dir"));
  mkdirSync(join(hostPath, "full"));
  writeHostFile(hostPath, "file", "text");
  writeHostFile(hostPath, "full/file");
  symlinkSync("file", join(hostPath, "link"));
  symlinkSync("dir", join(hostPath, "dirlink"));
  symlinkSync("target", join(hostPath, "dangling"));
  symlinkSync("/etc", join(hostPath, "absolute"));
}

test("directories are created", () => {
  using grant = grantScratch({ fill });
  const { root } = grant;
  checkOutcome(() => root.createDirectoryAt("new"), "ok");
  checkOutcome(() => root.createDirectoryAt("newer/"), "ok");
  checkOutcome(() => root.createDirectoryAt("dirlink/below"), "ok");
  for (const name of ["dir", "file", "link", "dangling", "."]) {
    checkOutcome(() => root.createDirectoryAt(name), "exist", name);
  }
  checkOutcome(() => root.createDirectoryAt("missing/new"), "no-entry");
  checkOutcome(() => root.createDirectoryAt("file/new"), "not-directory");
  checkOutcome(() => root.createDirectoryAt("absolute/new"), "not-permitted");
  assert.ok(statSync(join(grant.hostPath, "dir/below")).isDirectory());
});

test("directories are removed, and nothing else is", () => {
  using grant = grantScratch({ fill });
  const { root } = grant;
  checkOutcome(() => root.removeDirectoryAt("full"), "not-empty");
  checkOutcome(() => root.removeDirectoryAt("file"), "not-directory");
  checkOutcome(() => root.removeDirectoryAt("file/"), "not-directory");
  checkOutcome(() => root.removeDirectoryAt("dirlink"), "not-directory");
  checkOutcome(() => root.removeDirectoryAt("dirlink/"), "not-directory");
  checkOutcome(() => root.removeDirectoryAt("dir/."), "invalid");
  checkOutcome(() => root.removeDirectoryAt("missing"), "no-entry");
  checkOutcome(() => root.removeDirectoryAt("dir/"), "ok");
  checkOutcome(() => root.removeDirectoryAt(".."), "not-permitted");
});

test("files and symlinks are unlinked, and directories are not", () => {
  using grant = grantScratch({ fill });
  const { root } = grant;
  checkOutcome(() => root.unlinkFileAt("dir"), "is-directory");
  checkOutcome(() => root.unlinkFileAt("dir/"), "is-directory");
  checkOutcome(() => root.unlinkFileAt("."), "is-directory");
  checkOutcome(() => root.unlinkFileAt("file/"), "not-directory");
  checkOutcome(() => root.unlinkFileAt("link"), "ok");
  checkOutcome(() => root.unlinkFileAt("dangling"), "ok");
  checkOutcome(() => root.unlinkFileAt("file"), "ok");
  checkOutcome(() => root.unlinkFileAt("file"), "no-entry");
});

test("a file that is removed or a directory that is removed stays usable while it is open", () => {
  using grant = grantScratch({ fill });
  using file = openFile(grant.root, "file", { read: true });
  using directory = openDirectory(grant.root, "dir");
  grant.root.unlinkFileAt("file");
  grant.root.removeDirectoryAt("dir");
  assert.equal(file.stat().linkCount, 0n);
  assert.deepEqual(
    directory.entries(0n, 9).map(({ name }) => name),
    [".", ".."],
  );
  checkOutcome(() => directory.openAt("new", { create: true }), "no-entry");
});

test("names are moved as rename(2) moves them", () => {
  using grant = grantScratch({ fill });
  const { root } = grant;
  checkOutcome(() => root.renameAt("dir", root, "full"), "not-empty");
  checkOutcome(() => root.renameAt("dir", root, "file"), "not-directory");
  checkOutcome(() => root.renameAt("file", root, "dir"), "is-directory");
  checkOutcome(() => root.renameAt("dir", root, "dir/below"), "invalid");
  checkOutcome(() => root.renameAt("file", root, "moved/"), "not-directory");
  checkOutcome(() => root.renameAt("missing", root, "moved"), "no-entry");
  checkOutcome(() => root.renameAt(".", root, "moved"), "busy");
  checkOutcome(() => root.renameAt("file", root, "../moved"), "not-permitted");
  checkOutcome(() => root.renameAt("dir/", root, "moved"), "ok");
  checkOutcome(() => root.renameAt("moved", root, "dir/"), "ok");
  checkOutcome(() => root.renameAt("dir/", root, "moved/"), "ok");
  root.createDirectoryAt("empty");
  checkOutcome(() => root.renameAt("moved", root, "empty"), "ok");
  using full = openDirectory(root, "full");
  checkOutcome(() => root.renameAt("file", full, "file"), "ok");
  assert.equal(readText(full, "file"), "text");
  checkOutcome(() => root.renameAt("link", root, "linked"), "ok");
  assert.equal(readlinkSync(join(grant.hostPath, "linked")), "file");
});

test("hard links are made to files and symlinks themselves", () => {
  using grant = grantScratch({ fill });
  const { root } = grant;
  using full = openDirectory(root, "full");
  checkOutcome(() => root.linkAt("file", false, root, "second"), "ok");
  checkOutcome(() => root.linkAt("file", false, full, "third"), "ok");
  checkOutcome(() => root.linkAt("dangling", false, root, "dangling-too"), "ok");
  checkOutcome(() => root.linkAt("dangling", true, root, "new"), "no-entry");
  checkOutcome(() => root.linkAt("link", true, root, "followed"), "ok");
  for (const name of ["file", "dir", "dangling", "link", "."]) {
    checkOutcome(() => root.linkAt("file", false, root, name), "exist", name);
  }
  checkOutcome(() => root.linkAt("dir", false, root, "new"), "not-permitted");
  checkOutcome(() => root.linkAt("file", false, root, "new/"), "no-entry");
  checkOutcome(() => root.linkAt("file/", false, root, "new"), "not-directory");
  checkOutcome(() => root.linkAt("absolute", true, root, "new"), "not-permitted");
  assert.equal(statSync(join(grant.hostPath, "file")).nlink, 4);
});

test("symlinks are made with relative targets, and read", () => {
  using grant = grantScratch({ fill });
  const { root } = grant;
  checkOutcome(() => root.symlinkAt("anything/../at all", "new"), "ok");
  checkOutcome(() => root.symlinkAt("source", "missing/"), "no-entry");
  checkOutcome(() => root.symlinkAt("source", "dir/"), "exist");
  checkOutcome(() => root.symlinkAt("source", "file"), "exist");
  checkOutcome(() => root.symlinkAt("source", "file/"), "exist");
  checkOutcome(() => root.symlinkAt("/", "root"), "not-permitted");
  checkOutcome(() => root.symlinkAt("", "empty"), "no-entry");
  checkOutcome(() => root.symlinkAt("t".repeat(4097), "long"), "name-too-long");
  checkOutcome(() => root.symlinkAt("a\0b", "nul"), "invalid");
  assert.equal(root.readLinkAt("new"), "anything/../at all");
  assert.equal(root.readLinkAt("absolute"), "/etc");
  for (const name of ["file", "dir", ".", "dirlink/"]) checkOutcome(() => root.readLinkAt(name), "invalid", name);
  checkOutcome(() => root.readLinkAt("missing"), "no-entry");
});

test("stat tells the type, with symlinks followed when asked or when a slash asks", () => {
  using grant = grantScratch({ fill });
  checkType(grant.root, ["file", false], "regular-file");
  checkType(grant.root, ["dir", true], "directory");
  checkType(grant.root, ["link", false], "symbolic-link");
  checkType(grant.root, ["link", true], "regular-file");
  checkType(grant.root, ["dirlink", false], "symbolic-link");
  checkType(grant.root, ["dirlink/", false], "directory");
  checkType(grant.root, [".", false], "directory");
  checkOutcome(() => void grant.root.statAt("link/", false), "not-directory");
  checkOutcome(() => void grant.root.statAt("dangling", true), "no-entry");
  checkOutcome(() => void grant.root.statAt("absolute", true), "not-permitted");
  const host = lstatSync(join(grant.hostPath, "file"), { bigint: true });
  const stat = grant.root.statAt("file", false);
  assert.deepEqual([stat.inode, stat.device, stat.sizeBytes], [host.ino, host.dev, 4n]);
  assert.deepEqual([stat.modifiedNs, stat.changedNs, stat.linkCount], [host.mtimeNs, host.ctimeNs, host.nlink]);
});

test("a read-only grant refuses every change and still answers reads", () => {
  using grant = grantScratch({ fill, readOnly: true });
  const { root } = grant;
  const times = { accessed: "now", modified: "now" } as const;
  const changes = [
    () => root.openAt("file", { write: true }),
    () => root.openAt("file", { append: true }),
    () => root.openAt("file", { truncate: true }),
    () => root.openAt("new", { create: true }),
    () => root.createDirectoryAt("new"),
    () => root.removeDirectoryAt("dir"),
    () => root.unlinkFileAt("file"),
    () => root.renameAt("file", root, "new"),
    () => root.linkAt("file", false, root, "new"),
    () => root.symlinkAt("file", "new"),
    () => root.setTimesAt("file", true, times),
    () => root.setTimesAt(".", true, times),
    () => root.setTimes(times),
    () => openFile(root, "file", { read: true }).setTimes(times),
  ];
  for (const change of changes) checkOutcome(change, "read-only");
  checkOutcome(() => root.createDirectoryAt("dir"), "exist");
  checkOutcome(() => root.openAt("file", { create: true, read: true }), "ok");
  assert.equal(readText(root, "link"), "text");
  assert.ok(root.readOnly && !existsSync(join(grant.hostPath, "new")));
});

test("names do not pass between grants, not even on one disk", () => {
  using grant = grantScratch({ fill });
  using other = grantScratch();
  checkOutcome(() => grant.root.renameAt("file", other.root, "file"), "cross-device");
  checkOutcome(() => grant.root.linkAt("file", false, other.root, "file"), "cross-device");
});

function checkType(directory: Directory, [path, followFinal]: readonly [string, boolean], expected: string): void {
  assert.equal(directory.statAt(path, followFinal).type, expected, path);
}
