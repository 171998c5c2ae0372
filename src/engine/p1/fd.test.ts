import assert from "node:assert/strict";
import { mkdtempDisposableSync, openSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import {
  createMemoryPipe,
  DescriptorBudget,
  discardedOutput,
  inputFromBytes,
  openDirectoryGrant,
} from "../host/index.ts";
import { errno } from "./errno.ts";
import { fdflag, oflag } from "./layout.ts";
import { P1Caller } from "./p1-fixture.ts";
import { fileRights, right } from "./rights.ts";

/** Everything wasi-libc asks for when it opens a file for reading and writing. */
const readWrite = BigInt(
  right.fdRead |
    right.fdWrite |
    right.fdSeek |
    right.fdTell |
    right.fdFilestatGet |
    right.fdFdstatSetFlags |
    right.fdSync,
);
/** What Go's `os.Open` asks for: everything but the right to write. */
const goReadOnly = BigInt(fileRights & ~right.fdWrite);
const readOnly = BigInt(right.fdRead | right.fdSeek | right.fdTell);

/** A guest with one granted directory at descriptor 3. */
function withDirectory(
  options: { readonly readOnly?: boolean; readonly filesOpenMax?: number } = {},
): P1Caller & Disposable {
  const scratch = mkdtempDisposableSync(join(tmpdir(), "kwasm-p1-"));
  writeFileSync(join(scratch.path, "greeting"), "hello");
  const budget = new DescriptorBudget(options.filesOpenMax ?? 64);
  const mount = { guestPath: "/data", fd: openSync(scratch.path, "r"), readOnly: options.readOnly ?? false };
  const guest = new P1Caller({ budget, preopens: [openDirectoryGrant(mount, budget)] });
  const close = guest[Symbol.dispose].bind(guest);
  return Object.assign(guest, {
    [Symbol.dispose]() {
      close();
      scratch.remove();
    },
  });
}

test("shows granted directories from descriptor 3 on and none behind them", async () => {
  using guest = withDirectory();
  assert.equal(await guest.call("fd_prestat_get", 3, 0), errno.success);
  assert.deepEqual([guest.view.getUint8(0), guest.view.getUint32(4, true)], [0, 5]);
  assert.equal(await guest.call("fd_prestat_dir_name", 3, 8, 5), errno.success);
  assert.equal(guest.text(8, 5), "/data");
  assert.equal(await guest.call("fd_prestat_dir_name", 3, 8, 4), errno.nameTooLong);
  assert.equal(await guest.call("fd_prestat_get", 4, 0), errno.badDescriptor);
});

test("reads and writes a file at its position, which seek and tell move", async () => {
  using guest = withDirectory();
  const fd = await guest.open(3, "greeting", { rights: readWrite });
  assert.equal(await guest.read(fd, 2), "he");
  assert.equal(await guest.write(fd, "LL"), 2);
  assert.equal(await guest.call("fd_tell", fd, 0), errno.success);
  assert.equal(guest.view.getBigUint64(0, true), 4n);
  assert.equal(await guest.call("fd_seek", fd, -4n, 1, 0), errno.success);
  assert.equal(await guest.read(fd), "heLLo");
  assert.equal(await guest.read(fd), "", "the end of the file");
  assert.equal(await guest.call("fd_seek", fd, -1n, 2, 0), errno.success);
  assert.equal(await guest.read(fd), "o");
  assert.equal(await guest.call("fd_seek", fd, -6n, 2, 0), errno.invalid);
  assert.equal(await guest.call("fd_seek", fd, 2n ** 63n - 1n, 1, 0), errno.overflow);
  assert.equal(await guest.call("fd_seek", fd, 0n, 3, 0), errno.invalid);
  assert.equal(await guest.call("fd_pread", fd, 1024, 1, -1n, 0), errno.invalid);
  assert.equal(await guest.call("fd_sync", fd), errno.success);
});

test("appends while the flag is set, wherever the position is", async () => {
  using guest = withDirectory();
  const fd = await guest.open(3, "greeting", { rights: readWrite, fdflags: fdflag.append });
  assert.equal(await guest.write(fd, "!"), 1);
  assert.equal(await guest.call("fd_seek", fd, 0n, 0, 0), errno.success);
  assert.equal(await guest.write(fd, "?"), 1);
  assert.equal(await guest.call("fd_fdstat_set_flags", fd, 0), errno.success);
  assert.equal(await guest.call("fd_seek", fd, 0n, 0, 0), errno.success);
  assert.equal(await guest.write(fd, "H"), 1);
  assert.equal(await guest.call("fd_seek", fd, 0n, 0, 0), errno.success);
  assert.equal(await guest.read(fd), "Hello!?");
  assert.equal(await guest.call("fd_fdstat_set_flags", fd, fdflag.sync), errno.notSupported);
  assert.equal(await guest.call("fd_fdstat_set_flags", fd, 32), errno.invalid);
});

test("allows on a descriptor what its rights name, and lets a guest only give them up", async () => {
  using guest = withDirectory();
  const fd = await guest.open(3, "greeting", { rights: readOnly });
  assert.equal(await guest.write(fd, "x"), -errno.notCapable);
  assert.equal(await guest.call("fd_filestat_set_size", fd, 0n), errno.notCapable);
  assert.equal(await guest.call("fd_fdstat_set_rights", fd, readWrite, 0n), errno.notCapable);
  assert.equal(await guest.call("fd_fdstat_set_rights", fd, BigInt(right.fdTell), 0n), errno.success);
  assert.equal(await guest.read(fd), errno.notCapable);
  // Telling the position is a right of its own, and so is all that a seek by nothing needs.
  assert.equal(await guest.call("fd_seek", fd, 0n, 1, 0), errno.success);
  assert.equal(await guest.call("fd_seek", fd, 1n, 1, 0), errno.notCapable);
});

test("opens with no more rights than the directory passes on", async () => {
  using guest = withDirectory();
  const passOn = BigInt(right.pathOpen | right.pathCreateFile);
  assert.equal(await guest.call("fd_fdstat_set_rights", 3, passOn, readOnly), errno.success);
  assert.equal(await guest.open(3, "greeting", { rights: readWrite }), -errno.notCapable);
  assert.ok((await guest.open(3, "greeting", { rights: readOnly })) > 3);
  assert.equal(await guest.open(3, "greeting", { rights: 0n, oflags: oflag.truncate }), -errno.notCapable);
  assert.equal(await guest.open(3, "greeting", { rights: 0n, fdflags: fdflag.sync }), -errno.notCapable);
  assert.ok((await guest.open(3, "new", { rights: 0n, oflags: oflag.create })) > 3);
});

test("a read-only grant opens files with the rights a standard library asks for, and refuses to write", async () => {
  using guest = withDirectory({ readOnly: true });
  const asked = readOnly | BigInt(right.fdFilestatSetTimes | right.pathCreateFile | right.pathUnlinkFile);
  assert.ok((await guest.open(3, "greeting", { rights: asked })) > 3);
  assert.ok((await guest.open(3, "greeting", { rights: goReadOnly })) > 3);
  assert.equal(await guest.open(3, "greeting", { rights: readWrite }), -errno.readOnly);
  assert.equal(await guest.open(3, "new", { oflags: oflag.create }), -errno.readOnly);
});

test("uses a directory as a directory only", async () => {
  using guest = withDirectory();
  const fd = await guest.open(3, ".", { oflags: oflag.directory, rights: BigInt(right.fdSeek | right.fdRead) });
  assert.equal(await guest.read(fd), errno.isDirectory);
  assert.equal(await guest.write(fd, "x"), -errno.isDirectory);
  assert.equal(await guest.call("fd_seek", fd, 0n, 0, 0), errno.isDirectory);
  await guest.call("fd_fdstat_get", fd, 0);
  assert.equal(guest.view.getUint8(0), 3);
  assert.equal(guest.view.getBigUint64(8, true), 0n, "no right to seek, which wasi-libc would take for a file");
  assert.equal(await guest.open(1, "x", {}), -errno.notDirectory);
  assert.equal(await guest.open(3, "x", { oflags: oflag.create | oflag.directory }), -errno.invalid);
});

/** Names of a directory, read through a buffer of `length` bytes as wasi-libc does. */
async function readNames(guest: P1Caller, fd: number, length: number): Promise<string[]> {
  const names: string[] = [];
  let cookie = 0n;
  for (;;) {
    assert.equal(await guest.call("fd_readdir", fd, 4_096, length, cookie, 0), errno.success);
    const used = guest.view.getUint32(0, true);
    let at = 0;
    while (at + 24 <= used) {
      const nameLength = guest.view.getUint32(4_096 + at + 16, true);
      if (at + 24 + nameLength > used) break;
      names.push(guest.text(4_096 + at + 24, nameLength));
      cookie = guest.view.getBigUint64(4_096 + at, true);
      at += 24 + nameLength;
    }
    if (used < length) return names;
    assert.ok(at > 0, "at least one entry fits");
  }
}

test("lists a directory completely through any buffer that holds one entry", async () => {
  using guest = withDirectory({ filesOpenMax: 8 });
  const wanted = [".", "..", "greeting"];
  for (let index = 0; index < 40; index += 1) {
    const fd = await guest.open(3, `file-${index}`, { oflags: oflag.create });
    await guest.call("fd_close", fd);
    wanted.push(`file-${index}`);
  }
  for (const length of [32, 33, 48, 64, 100, 1_000, 60_000]) {
    assert.deepEqual((await readNames(guest, 3, length)).toSorted(), wanted.toSorted(), `through ${length} bytes`);
  }
});

test("fills a buffer that is too small for one entry, so that the guest sees it is full", async () => {
  using guest = withDirectory();
  assert.equal(await guest.call("fd_readdir", 3, 4_096, 10, 0n, 0), errno.success);
  assert.equal(guest.view.getUint32(0, true), 10);
});

test("answers mfile at the limit, and opens again after a close", async () => {
  using guest = withDirectory({ filesOpenMax: 6 });
  const opened: number[] = [];
  for (let fd = await guest.open(3, "greeting", {}); fd > 0; fd = await guest.open(3, "greeting", {})) opened.push(fd);
  assert.equal(await guest.open(3, "greeting", {}), -errno.tooManyOpenFiles);
  assert.equal(await guest.call("fd_close", opened[0] ?? 0), errno.success);
  assert.equal(await guest.open(3, "greeting", {}), opened[0]);
});

test("a stream is no file and no terminal", async () => {
  using guest = new P1Caller({ stdin: inputFromBytes(Buffer.from("in")), stdout: createMemoryPipe().output });
  for (const fd of [0, 1, 2]) {
    await guest.call("fd_fdstat_get", fd, 0);
    assert.equal(guest.view.getUint8(0), 0, "of unknown type");
    assert.equal(guest.view.getBigUint64(8, true) & BigInt(right.fdSeek | right.fdTell), 0n);
    assert.equal(await guest.call("fd_seek", fd, 0n, 1, 0), errno.invalidSeek);
    assert.equal(await guest.call("fd_filestat_get", fd, 0), errno.success);
  }
  assert.equal(await guest.write(0, "x"), -errno.badDescriptor);
  assert.equal(await guest.read(1), errno.badDescriptor);
  assert.equal(await guest.read(0), "in");
});

test("a terminal is what wasi-libc takes for one: a character device that cannot seek", async () => {
  const terminal = { ...discardedOutput, isTerminal: true };
  using guest = new P1Caller({ stdout: terminal });
  await guest.call("fd_fdstat_get", 1, 0);
  assert.equal(guest.view.getUint8(0), 2);
  assert.equal(guest.view.getBigUint64(8, true) & BigInt(right.fdSeek | right.fdTell), 0n);
});

test("waits for bytes on a blocking stream, and answers again on one that must not block", async () => {
  const stdin = createMemoryPipe();
  using guest = new P1Caller({ stdin: stdin.input });
  const read = guest.read(0);
  await new Promise(setImmediate);
  stdin.output.write(Buffer.from("late"));
  assert.equal(await read, "late");
  assert.equal(await guest.call("fd_fdstat_set_flags", 0, fdflag.nonblock), errno.success);
  assert.equal(await guest.read(0), errno.again);
});

test("writes all on a blocking stream, however little room there is", async () => {
  const stdout = createMemoryPipe(4);
  using guest = new P1Caller({ stdout: stdout.output });
  const write = guest.write(1, "1234567890");
  let said = "";
  while (said.length < 10) {
    const chunk = stdout.input.read(3);
    if (chunk instanceof Uint8Array) said += Buffer.from(chunk).toString();
    else await new Promise(setImmediate);
  }
  assert.equal(said, "1234567890");
  assert.equal(await write, 10);
});

test("writes what there is room for on a stream that must not block", async () => {
  const stdout = createMemoryPipe(4);
  using guest = new P1Caller({ stdout: stdout.output });
  await guest.call("fd_fdstat_set_flags", 1, fdflag.nonblock);
  assert.equal(await guest.write(1, "123456"), 4);
  assert.equal(await guest.write(1, "56"), -errno.again);
});

test("tells how far a write came whose reader went away, and then that it is gone", async () => {
  const stdout = createMemoryPipe(4);
  using guest = new P1Caller({ stdout: stdout.output });
  const write = guest.write(1, "123456");
  stdout.input.close();
  assert.equal(await write, 4);
  assert.equal(await guest.write(1, "x"), -errno.pipe);
});

test("answers errno fault for bad pointers, and loses no data over them", async () => {
  using guest = new P1Caller({ stdin: inputFromBytes(Buffer.from("kept")) });
  const outside = 0x7fff_fff0;
  assert.equal(await guest.call("fd_read", 0, outside, 1, 0), errno.fault);
  guest.view.setUint32(1024, 2048, true);
  guest.view.setUint32(1028, 16, true);
  assert.equal(await guest.call("fd_read", 0, 1024, 1, outside), errno.fault);
  guest.view.setUint32(1024, outside, true);
  assert.equal(await guest.call("fd_read", 0, 1024, 1, 0), errno.fault);
  assert.equal(await guest.read(0), "kept");
  for (const call of ["args_sizes_get", "fd_fdstat_get", "fd_tell", "fd_filestat_get"] as const) {
    assert.notEqual(await guest.call(call, 0, outside), undefined);
  }
  assert.equal(await guest.call("random_get", -1, 16), errno.fault);
  assert.equal(await guest.call("random_get", 0, -1), errno.fault);
  assert.equal(await guest.call("clock_time_get", 0, 0n, outside), errno.fault);
  assert.equal(await guest.call("clock_time_get", 4, 0n, 0), errno.invalid);
});

test("refuses paths that are not UTF-8, too long or empty", async () => {
  using guest = withDirectory();
  guest.put(1024, Uint8Array.of(0xff, 0xfe));
  assert.equal(await guest.call("path_create_directory", 3, 1024, 2), errno.illegalByteSequence);
  assert.equal(await guest.call("path_create_directory", 3, 1024, 5_000), errno.nameTooLong);
  assert.equal(await guest.call("path_create_directory", 3, 1024, 0), errno.noEntry);
  assert.equal(await guest.call("path_filestat_get", 3, 2, 1024, 0, 0), errno.invalid);
});
