import assert from "node:assert/strict";
import { mkdirSync, mkdtempDisposableSync, openSync, readFileSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { DescriptorBudget } from "./descriptor-budget.ts";
import type { Directory, Mount } from "./file-types.ts";
import {
  checkOutcome,
  countOpenDescriptors,
  locateDirectory,
  locateFile,
  openDirectory,
  openFile,
  readText,
  writeHostFile,
} from "./grant-fixture.ts";
import { openDirectoryGrant, openMountTree } from "./mount-tree.ts";

interface PodFixture extends Disposable {
  readonly hostPath: string;
  readonly root: Directory;
}

/**
 * A pod's tree: `/` is a read-only image; `/etc/hosts` a file over the image's; `/data` a writable volume with a
 * read-only one at `cache/deep` below a directory that the volume has, and one at `none/deep` below one that it has
 * not; `/virtual/only` a volume below a directory that exists nowhere.
 */
function mountPod(rootMounted = true): PodFixture {
  const scratch = mkdtempDisposableSync(join(tmpdir(), "kwasm-mounts-"));
  const at = (name: string): string => join(scratch.path, name);
  for (const name of ["image/etc", "image/data", "data/cache/own", "deep", "only"]) {
    mkdirSync(at(name), { recursive: true });
  }
  writeHostFile(scratch.path, "image/etc/hosts", "of the image");
  writeHostFile(scratch.path, "hosts", "of the pod");
  for (const name of ["image/data/hidden", "data/file", "deep/file", "only/file"]) {
    writeHostFile(scratch.path, name, name);
  }
  symlinkSync("/data/file", at("image/absolute"));
  symlinkSync("../data/file", at("image/etc/relative"));
  symlinkSync("../etc/hosts", at("data/upward"));
  symlinkSync("../../etc/hosts", at("data/too-high"));
  const mounts: Mount[] = [
    { guestPath: "/data/cache/deep", fd: locateDirectory(at("deep")), readOnly: true },
    { guestPath: "/data/none/deep", fd: locateDirectory(at("deep")), readOnly: true },
    { guestPath: "/etc/hosts", fd: locateFile(at("hosts")), readOnly: false },
    { guestPath: "/data", fd: locateDirectory(at("data")), readOnly: false },
    { guestPath: "/virtual/only", fd: locateDirectory(at("only")), readOnly: false },
  ];
  if (rootMounted) mounts.push({ guestPath: "/", fd: locateDirectory(at("image")), readOnly: true });
  const tree = openMountTree(mounts, new DescriptorBudget(64));
  return { hostPath: scratch.path, root: tree.openRoot(), [Symbol.dispose]: dispose };

  function dispose(): void {
    tree.close();
    scratch.remove();
  }
}

test("mounts hide what lies below them, files over files too", () => {
  using pod = mountPod();
  assert.equal(readText(pod.root, "etc/hosts"), "of the pod");
  assert.equal(readText(pod.root, "data/file"), "data/file");
  assert.equal(readText(pod.root, "data/cache/deep/file"), "deep/file");
  assert.equal(readText(pod.root, "data/none/deep/file"), "deep/file");
  assert.equal(readText(pod.root, "data/cache/deep/../../file"), "data/file");
  assert.equal(readText(pod.root, "virtual/only/file"), "only/file");
  checkOutcome(() => pod.root.openAt("data/hidden", {}), "no-entry");
  checkOutcome(() => pod.root.openAt("etc/hosts/", {}), "not-directory");
  checkOutcome(() => pod.root.openAt("etc/hosts/x", {}), "not-directory");
  checkOutcome(() => pod.root.openAt("virtual/none", {}), "no-entry");
});

test("directories that only lead to mounts are listed with them", () => {
  using pod = mountPod(false);
  checkNames(pod.root, ".", ["data", "etc", "virtual"]);
  checkNames(pod.root, "etc", ["hosts"]);
  checkNames(pod.root, "virtual", ["only"]);
  checkNames(pod.root, "data", ["cache", "file", "none", "too-high", "upward"]);
  checkNames(pod.root, "data/cache", ["deep", "own"]);
  checkNames(pod.root, "data/none", ["deep"]);
  for (const path of ["etc/hosts", "virtual", "data", "data/cache", "data/none"]) checkListed(pod.root, path);
});

test("what is read-only is the mount, and the nearest one counts", () => {
  using pod = mountPod();
  checkOutcome(() => pod.root.openAt("new", { create: true }), "read-only");
  checkOutcome(() => pod.root.openAt("data/new", { create: true }), "ok");
  checkOutcome(() => pod.root.openAt("data/cache/new", { create: true }), "ok");
  checkOutcome(() => pod.root.openAt("data/cache/deep/new", { create: true }), "read-only");
  checkOutcome(() => pod.root.openAt("data/none/new", { create: true }), "read-only");
  checkOutcome(() => pod.root.createDirectoryAt("virtual/new"), "read-only");
  checkOutcome(() => pod.root.symlinkAt("x", "virtual/new"), "read-only");
  checkOutcome(() => pod.root.setTimesAt("virtual", true, { accessed: "now", modified: "now" }), "read-only");
  checkOutcome(() => pod.root.setTimesAt("etc/hosts", true, { accessed: "keep", modified: 7n }), "ok");
  assert.equal(pod.root.statAt("etc/hosts", true).modifiedNs, 7n);
  using hosts = openFile(pod.root, "etc/hosts", { write: true });
  hosts.append(Buffer.from("!"));
  assert.equal(readFileSync(join(pod.hostPath, "hosts"), "utf8"), "of the pod!");
});

test("names with a mount are neither removed, moved, replaced nor linked", () => {
  using pod = mountPod();
  const { root } = pod;
  using data = openDirectory(root, "data");
  checkOutcome(() => root.unlinkFileAt("etc/hosts"), "busy");
  checkOutcome(() => root.removeDirectoryAt("data"), "busy");
  checkOutcome(() => root.removeDirectoryAt("data/cache"), "busy");
  checkOutcome(() => root.renameAt("data/cache", data, "moved"), "busy");
  checkOutcome(() => root.renameAt("data/file", data, "cache"), "busy");
  checkOutcome(() => root.createDirectoryAt("data"), "exist");
  checkOutcome(() => root.createDirectoryAt("data/none"), "exist");
  checkOutcome(() => root.openAt("etc/hosts", { create: true, exclusive: true }), "exist");
  checkOutcome(() => root.linkAt("etc/hosts", false, root, "etc/second"), "read-only");
  checkOutcome(() => root.renameAt("data/file", root, "file"), "cross-device");
  checkOutcome(() => root.linkAt("data/file", false, root, "virtual/only/file2"), "cross-device");
  checkOutcome(() => root.renameAt("data/file", data, "cache/own/file"), "ok");
});

test("in a tree at '/', absolute targets mean the guest's root; a handle below stays in itself", () => {
  using pod = mountPod();
  assert.equal(readText(pod.root, "absolute"), "data/file");
  assert.equal(readText(pod.root, "etc/relative"), "data/file");
  assert.equal(readText(pod.root, "data/upward"), "of the pod");
  checkOutcome(() => pod.root.openAt("data/too-high", { followFinal: true }), "not-permitted");
  using data = openDirectory(pod.root, "data");
  checkOutcome(() => data.openAt("upward", { followFinal: true }), "not-permitted");
});

test("a handle taken again at '.' is still the root", () => {
  using pod = mountPod();
  using again = openDirectory(pod.root, ".");
  assert.equal(readText(again, "absolute"), "data/file");
});

test("mounts that make no tree are refused, and their descriptors closed", () => {
  const before = countOpenDescriptors();
  checkMounts(["relative"], "invalid");
  checkMounts(["/a/../b"], "invalid");
  checkMounts(["/a", "/a/"], "invalid");
  checkMounts(["/", "/x", "/"], "invalid");
  checkMounts(
    Array.from({ length: 1_025 }, (_, index) => `/m${index}`),
    "invalid",
  );
  checkOutcome(
    () => openMountTree([{ guestPath: "/", fd: locateFile("/proc/self/exe"), readOnly: true }], budget()),
    "invalid",
  );
  checkOutcome(
    () => openMountTree([{ guestPath: "/n", fd: openSync("/dev/null", "r"), readOnly: true }], budget()),
    "invalid",
  );
  checkOutcome(
    () => openDirectoryGrant({ guestPath: ".", fd: locateFile("/proc/self/exe"), readOnly: true }, budget()),
    "not-directory",
  );
  assert.equal(countOpenDescriptors(), before);
});

function checkMounts(guestPaths: readonly string[], expected: "invalid"): void {
  const mounts = guestPaths.map((guestPath) => ({ guestPath, fd: locateDirectory("/"), readOnly: true }));
  checkOutcome(() => openMountTree(mounts, budget()), expected, guestPaths.slice(0, 3).join());
}

function checkNames(root: Directory, path: string, expected: readonly string[]): void {
  using directory = openDirectory(root, path);
  const names = directory.entries(2n, 99).map(({ name }) => name);
  assert.deepEqual(names.toSorted(), expected);
}

/** The entry of a directory's last name is what stat says of it. */
function checkListed(root: Directory, path: string): void {
  const cut = path.lastIndexOf("/");
  using parent = openDirectory(root, cut < 0 ? "." : path.slice(0, cut));
  const entry = parent.entries(0n, 99).find(({ name }) => name === path.slice(cut + 1));
  const { type, inode } = root.statAt(path, false);
  assert.deepEqual([entry?.type, entry?.inode], [type, inode], path);
}

function budget(): DescriptorBudget {
  return new DescriptorBudget(8);
}
