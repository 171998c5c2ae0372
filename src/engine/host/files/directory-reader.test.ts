import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Directory } from "./file-types.ts";
import { checkOutcome, countOpenDescriptors, grantScratch, writeHostFile } from "./grant-fixture.ts";

function fillWith(count: number): (hostPath: string) => void {
  return (hostPath) => {
    for (let index = 0; index < count; index += 1) writeHostFile(hostPath, `file.${index}`);
  };
}

test("an empty directory lists itself and its parent, with its own inode for both", () => {
  using grant = grantScratch();
  const { inode } = grant.root.stat();
  assert.deepEqual(grant.root.entries(0n, 9), [
    { name: ".", type: "directory", inode, cookie: 1n },
    { name: "..", type: "directory", inode, cookie: 2n },
  ]);
});

test("entries tell the type and inode that stat tells", () => {
  using grant = grantScratch({
    fill(hostPath) {
      writeHostFile(hostPath, "file");
      mkdirSync(join(hostPath, "dir"));
      symlinkSync("file", join(hostPath, "link"));
      execFileSync("mkfifo", [join(hostPath, "fifo")]);
    },
  });
  const listed = grant.root.entries(2n, 9);
  assert.deepEqual(listed.map(({ name }) => name).toSorted(), ["dir", "fifo", "file", "link"]);
  for (const { name, type, inode } of listed) {
    const stat = grant.root.statAt(name, false);
    assert.deepEqual({ type, inode }, { type: stat.type, inode: stat.inode });
  }
});

test("pages of any size give every name once", () => {
  using grant = grantScratch({ fill: fillWith(1_000) });
  for (const pageSize of [1, 7, 256, 5_000]) {
    const names = listInPages(grant.root, pageSize);
    assert.equal(names.length, 1_002);
    assert.equal(new Set(names).size, 1_002);
  }
});

test("a cookie leads back to the entry behind it, also far back", () => {
  using grant = grantScratch({ fill: fillWith(1_000) });
  const all = grant.root.entries(0n, 2_000);
  for (const index of [999, 998, 500, 3, 1, 1_001]) {
    assert.deepEqual(grant.root.entries(BigInt(index), 2), all.slice(index, index + 2));
  }
  assert.deepEqual(grant.root.entries(1_002n, 9), []);
});

test("starting again sees what is there now", () => {
  using grant = grantScratch();
  assert.equal(grant.root.entries(0n, 9).length, 2);
  writeHostFile(grant.hostPath, "file");
  assert.equal(grant.root.entries(0n, 9).length, 3);
});

test("all names can be removed while they are listed", () => {
  using grant = grantScratch({ fill: fillWith(1_000) });
  for (let cookie = 2n; ;) {
    const page = grant.root.entries(cookie, 10);
    for (const entry of page) grant.root.unlinkFileAt(entry.name);
    const last = page.at(-1);
    if (last === undefined) break;
    cookie = last.cookie;
  }
  assert.equal(grant.root.entries(0n, 2_000).length, 2);
});

test("names that are not UTF-8 are left out, and the others stay", () => {
  using grant = grantScratch();
  writeFileSync(Buffer.concat([Buffer.from(`${grant.hostPath}/bad`), Buffer.of(0xff)]), "");
  writeHostFile(grant.hostPath, "grün");
  assert.deepEqual(
    grant.root.entries(2n, 9).map(({ name }) => name),
    ["grün"],
  );
});

test("cookies that were never given out are refused or empty", () => {
  using grant = grantScratch();
  checkOutcome(() => void grant.root.entries(2n ** 64n - 1n, 9), "invalid");
  checkOutcome(() => void grant.root.entries(1_000_000n, 9), "invalid");
  assert.deepEqual(grant.root.entries(500n, 9), []);
});

test("a listing left half-way holds a descriptor only until the directory is closed", () => {
  const before = countOpenDescriptors();
  {
    using grant = grantScratch({ fill: fillWith(1_000) });
    assert.equal(grant.root.entries(0n, 10).length, 10);
  }
  assert.equal(countOpenDescriptors(), before);
});

function listInPages(directory: Directory, pageSize: number): string[] {
  const names: string[] = [];
  for (let cookie = 0n; ;) {
    const page = directory.entries(cookie, pageSize);
    names.push(...page.map(({ name }) => name));
    const last = page.at(-1);
    if (last === undefined) return names;
    cookie = last.cookie;
  }
}
