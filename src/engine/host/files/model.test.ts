import assert from "node:assert/strict";
import {
  closeSync,
  constants,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempDisposableSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  type Stats,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import * as fc from "fast-check";
import { hostErrorCode } from "../host-error.ts";
import type { Directory } from "./file-types.ts";
import { fileTypeOf } from "./file-stat.ts";
import { countOpenDescriptors, grantScratch, openFile } from "./grant-fixture.ts";

/** The operations, each done on the grant and on a plain directory beside it; paths go to the second as they are. */
const kinds = {
  write: {
    onGrant: (root, path) => writeOnGrant(root, path, false),
    onModel: (path) => writeOnModel(path, constants.O_TRUNC),
  },
  "create-exclusive": {
    onGrant: (root, path) => writeOnGrant(root, path, true),
    onModel: (path) => writeOnModel(path, constants.O_EXCL),
  },
  mkdir: { onGrant: (root, path) => root.createDirectoryAt(path), onModel: (path) => mkdirSync(path) },
  rmdir: { onGrant: (root, path) => root.removeDirectoryAt(path), onModel: (path) => rmdirSync(path) },
  unlink: { onGrant: (root, path) => root.unlinkFileAt(path), onModel: (path) => unlinkSync(path) },
  stat: { onGrant: (root, path) => root.statAt(path, true).type, onModel: (path) => typeName(statSync(path)) },
  lstat: { onGrant: (root, path) => root.statAt(path, false).type, onModel: (path) => typeName(lstatSync(path)) },
  readlink: { onGrant: (root, path) => root.readLinkAt(path), onModel: (path) => readlinkSync(path) },
  list: { onGrant: listOnGrant, onModel: (path) => readdirSync(path).toSorted().join() },
  rename: {
    onGrant: (root, path, newPath) => root.renameAt(path, root, newPath),
    onModel: (path, newPath) => renameSync(path, newPath),
  },
  link: {
    onGrant: (root, path, newPath) => root.linkAt(path, false, root, newPath),
    onModel: (path, newPath) => linkSync(path, newPath),
  },
} as const satisfies Record<string, OperationKind>;

interface OperationKind {
  readonly onGrant: (root: Directory, path: string, newPath: string) => string | void;
  readonly onModel: (path: string, newPath: string) => string | void;
}

type KindName = keyof typeof kinds;

/** One operation of a sequence; `symlink` makes a link at `newPath` to the relative target `path`. */
interface Operation {
  readonly kind: KindName | "symlink";
  readonly path: string;
  readonly newPath: string;
}

const kindNames: readonly KindName[] = [
  "write",
  "create-exclusive",
  "mkdir",
  "rmdir",
  "unlink",
  "stat",
  "lstat",
  "readlink",
  "list",
  "rename",
  "link",
];

/** Few names, so that operations meet; no `..` at the front, where a grant ends and the model's directory does not. */
const names = fc.constantFrom("a", "b", "c");
const tails = fc.constantFrom("", "", "", "", "/", "/.", "/a", "/b", "/c", "/a/b", "/a/..", "/b/../c");
const paths = fc.tuple(names, tails).map((parts) => parts.join(""));
const targets = fc.constantFrom("a", "b", "c", "a/b", "./b/", "missing");

const operations: fc.Arbitrary<readonly Operation[]> = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.record({ kind: fc.constantFrom(...kindNames), path: paths, newPath: paths }) },
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constantFrom("mkdir" as const, "write" as const), path: names, newPath: names }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("symlink" as const), path: targets, newPath: paths }) },
  ),
  { maxLength: 25 },
);

test("any sequence of operations ends as it does on plain paths, and leaks no descriptor", () => {
  const before = countOpenDescriptors();
  fc.assert(
    fc.property(operations, (sequence) => {
      using grant = grantScratch();
      using model = mkdtempDisposableSync(join(tmpdir(), "kwasm-model-"));
      for (const each of sequence) {
        const expected = resultOf(() => doOnModel(model.path, each));
        const actual = resultOf(() => doOnGrant(grant.root, each));
        assert.equal(actual, expected, JSON.stringify(each));
        assert.equal(grant.budget.used, 1);
      }
      assert.deepEqual(treeOf(grant.hostPath), treeOf(model.path));
    }),
    { numRuns: 300 },
  );
  assert.equal(countOpenDescriptors(), before);
});

test("any path at all leaves the grant's surroundings and the descriptors as they were", () => {
  const before = countOpenDescriptors();
  const segment = fc.constantFrom("..", ".", "", "a", "dir", "up", "root", "outside");
  const wildPath = fc.oneof(
    fc.array(segment, { maxLength: 8 }).map((parts) => parts.join("/")),
    fc.string({ unit: "binary" }),
  );
  using scratch = mkdtempDisposableSync(join(tmpdir(), "kwasm-wild-"));
  mkdirSync(join(scratch.path, "outside"));
  const untouched = treeOf(scratch.path);
  fc.assert(
    fc.property(wildPath, wildPath, (oldPath, newPath) => {
      using grant = grantScratch({
        fill(hostPath) {
          mkdirSync(join(hostPath, "dir"));
          symlinkSync("..", join(hostPath, "dir/up"));
          symlinkSync("/", join(hostPath, "dir/root"));
          symlinkSync(scratch.path, join(hostPath, "outside"));
        },
      });
      for (const kind of ["write", "mkdir", "rename", "link", "symlink", "rmdir", "unlink"] as const) {
        resultOf(() => doOnGrant(grant.root, { kind, path: oldPath, newPath }));
        resultOf(() => doOnGrant(grant.root, { kind, path: newPath, newPath: `outside/${oldPath}` }));
      }
      assert.deepEqual(treeOf(scratch.path), untouched);
    }),
    { numRuns: 200 },
  );
  assert.equal(countOpenDescriptors(), before);
});

function doOnGrant(root: Directory, { kind, path, newPath }: Operation): string | void {
  return kind === "symlink" ? root.symlinkAt(path, newPath) : kinds[kind].onGrant(root, path, newPath);
}

function doOnModel(hostPath: string, { kind, path, newPath }: Operation): string | void {
  // Joined by hand: path.join would resolve what the kernel is to resolve.
  const newHostPath = `${hostPath}/${newPath}`;
  return kind === "symlink" ? symlinkSync(path, newHostPath) : kinds[kind].onModel(`${hostPath}/${path}`, newHostPath);
}

function writeOnGrant(root: Directory, path: string, exclusive: boolean): string {
  using file = openFile(root, path, { create: true, exclusive, write: true, truncate: true, followFinal: true });
  return String(file.append(Buffer.from("text")));
}

function listOnGrant(root: Directory, path: string): string {
  using directory = root.openAt(path, { mustBeDirectory: true, followFinal: true });
  if (directory.kind !== "directory") throw new TypeError(`'${path}' was opened as a file`);
  const listed = directory.entries(2n, 100).map((entry) => entry.name);
  return listed.toSorted().join();
}

function writeOnModel(path: string, flag: number): string {
  const fd = openSync(path, constants.O_CREAT | constants.O_WRONLY | flag, 0o666);
  try {
    writeFileSync(fd, "text");
    return "4";
  } finally {
    closeSync(fd);
  }
}

function typeName(stat: Stats): string {
  return fileTypeOf(stat.mode);
}

/** The value, or the code of the error. */
function resultOf(call: () => string | void): string {
  try {
    return call() ?? "done";
  } catch (error) {
    return hostErrorCode(error);
  }
}

/** Every name below a directory with what it is, for comparing two of them. */
function treeOf(hostPath: string): string[] {
  const below = readdirSync(hostPath, { recursive: true, encoding: "utf8" }).toSorted();
  return below.map((each) => `${each} ${contentOf(join(hostPath, each))}`);
}

function contentOf(path: string): string {
  const stat = lstatSync(path);
  if (stat.isSymbolicLink()) return `-> ${readlinkSync(path)}`;
  return stat.isFile() ? `${stat.nlink} ${readFileSync(path, "utf8")}` : typeName(stat);
}
