import assert from "node:assert/strict";
import { closeSync, openSync, readdirSync, readlinkSync } from "node:fs";
import { test } from "node:test";

import { KwasmError } from "#base";

import {
  createSocketPair,
  createSocketPairs,
  DESCRIPTORS_PER_MESSAGE_MAX,
  receiveDescriptors,
  sendDescriptors,
} from "./descriptor-passing.ts";

function withPair(run: (sender: number, receiver: number, fd: number) => void): void {
  const [sender, receiver] = createSocketPair("packets");
  const fd = openSync("/dev/null", "r");
  try {
    run(sender, receiver, fd);
  } finally {
    for (const each of [sender, receiver, fd]) closeSync(each);
  }
}

function countOpen(): number {
  return readdirSync("/proc/self/fd").length;
}

test("where one of several pairs cannot be made, none is left open", () => {
  const before = countOpen();
  let made = 0;
  const create = (kind: "stream" | "packets") => {
    if (made === 2) throw new Error("EMFILE: socketpair failed");
    made++;
    return createSocketPair(kind);
  };
  assert.throws(() => createSocketPairs(["stream", "stream", "packets"], create), /create 3 pairs of sockets/);
  assert.deepEqual([made, countOpen()], [2, before]);
});

for (const count of [1, 3, DESCRIPTORS_PER_MESSAGE_MAX]) {
  test(`${String(count)} descriptors arrive as new ones of the same file, with their tag`, () => {
    withPair((sender, receiver, fd) => {
      sendDescriptors(
        sender,
        7,
        Array.from({ length: count }, () => fd),
      );
      const packet = receiveDescriptors(receiver);
      assert.equal(packet?.tag, 7);
      assert.equal(new Set(packet.descriptors).size, count);
      for (const each of packet.descriptors) {
        assert.equal(readlinkSync(`/proc/self/fd/${String(each)}`), "/dev/null");
        closeSync(each);
      }
    });
  });
}

test("packets come in order, and none is no error", () => {
  withPair((sender, receiver, fd) => {
    assert.equal(receiveDescriptors(receiver), undefined);
    sendDescriptors(sender, 1, []);
    sendDescriptors(sender, 2, [fd]);
    assert.deepEqual(receiveDescriptors(receiver), { tag: 1, descriptors: [] });
    const second = receiveDescriptors(receiver);
    assert.equal(second?.tag, 2);
    for (const each of second.descriptors) closeSync(each);
  });
});

test("one descriptor more than the kernel passes is refused before it is tried", () => {
  withPair((sender, receiver, fd) => {
    const many = Array.from({ length: DESCRIPTORS_PER_MESSAGE_MAX + 1 }, () => fd);
    assert.throws(() => sendDescriptors(sender, 1, many), { code: "limit-exceeded" });
    assert.equal(receiveDescriptors(receiver), undefined);
  });
});

test("a receiver that takes nothing ends in an error, not in a wait, and nothing leaks", () => {
  const before = countOpen();
  withPair((sender, _receiver, fd) => {
    assert.throws(
      () => {
        for (let packets = 0; packets < 100_000; packets++) sendDescriptors(sender, packets, [fd]);
      },
      (error) => error instanceof KwasmError && ["unavailable", "limit-exceeded", "internal"].includes(error.code),
    );
  });
  assert.equal(countOpen(), before);
});
