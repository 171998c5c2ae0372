import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { test } from "node:test";

import { datagramBytesMax, datagramsMax, receiveFrom } from "./datagram-socket.ts";
import { HostError } from "./host-error.ts";
import { Interrupt } from "./interrupt.ts";

/** How many of so many datagrams of one size are kept for a guest that does not read yet. */
function countKept(count: number, bytes: number): number {
  const socket = createSocket("udp4");
  const received = receiveFrom(socket);
  for (let index = 0; index < count; index++) socket.emit("message", new Uint8Array(bytes));
  let kept = 0;
  while (received.read(1) !== undefined) kept++;
  received.close();
  return kept;
}

test("so many datagrams and bytes wait, and what comes beyond is dropped", () => {
  assert.equal(countKept(datagramsMax, 1), datagramsMax);
  assert.equal(countKept(datagramsMax + 1, 1), datagramsMax);
  assert.equal(countKept(8, datagramBytesMax / 8), 8);
  assert.equal(countKept(9, datagramBytesMax / 8), 8);
  assert.equal(countKept(8, datagramBytesMax / 8 + 1), 7);
});

test("who waits on a socket that is closed is told so, and a second close does no harm", async () => {
  const received = receiveFrom(createSocket("udp4"));
  const waiting = new Interrupt().whenAnyReady([received.readable]);
  received.close();
  received.close();
  await waiting;
  assert.throws(() => received.read(1), HostError);
});
