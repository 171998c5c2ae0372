import assert from "node:assert/strict";
import { fstatSync } from "node:fs";
import { test } from "node:test";

import { type SocketOrder, SOCKETS_WANTED_MAX } from "../channel/index.ts";
import { createPipe } from "../syscall/pipe.ts";
import { WantedSockets } from "./wanted-sockets.ts";

const order: SocketOrder = { family: "ipv4", protocol: "tcp" };

function isOpen(fd: number): boolean {
  try {
    fstatSync(fd);
    return true;
  } catch {
    return false;
  }
}

test("no more wishes are told than control takes, and the rest as answers come", async () => {
  const told: number[] = [];
  const sockets = new WantedSockets(({ ask }) => told.push(ask));
  const wishes = Array.from({ length: SOCKETS_WANTED_MAX + 2 }, () => sockets.want(1, order).catch(String));
  assert.equal(told.length, SOCKETS_WANTED_MAX);
  sockets.fail(told[0] ?? 0, "EACCES");
  assert.equal(told.length, SOCKETS_WANTED_MAX + 1);
  assert.match(String(await wishes[0]), /EACCES/u);
});

test("what is not answered is told to the next control again, and what is answered is not", async () => {
  const told: number[] = [];
  const sockets = new WantedSockets(({ ask }) => told.push(ask));
  const [first, second] = [sockets.want(1, order), sockets.want(1, order)];
  sockets.fail(1, "EIO");
  await assert.rejects(first, { code: "EIO" });
  sockets.repeat();
  assert.deepEqual(told, [1, 2, 2]);
  const { readFd, writeFd } = createPipe();
  sockets.give(2, [readFd]);
  assert.equal(await second, readFd);
  // The answer of the control before comes as well.
  sockets.give(2, [writeFd]);
  assert.deepEqual([isOpen(readFd), isOpen(writeFd)], [true, false]);
});
