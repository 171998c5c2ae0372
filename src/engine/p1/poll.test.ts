import assert from "node:assert/strict";
import { test } from "node:test";
import { type Clocks, createMemoryPipe } from "../host/index.ts";
import { errno } from "./errno.ts";
import { P1Caller } from "./p1-fixture.ts";
import { subscriptionsMax } from "./poll.ts";

const subscriptionsAt = 2_048;
const eventsAt = 8_192;

type Wanted =
  | { readonly clock: number; readonly timeoutNs: bigint; readonly isAbsolute?: boolean }
  | { readonly read: number }
  | { readonly write: number };

/** An event as [index of its subscription, errno, type, bytes, flags]. */
type Event = readonly [userdata: number, errno: number, type: number, bytes: number, flags: number];

function putSubscriptions(guest: P1Caller, list: readonly Wanted[]): void {
  for (const [index, wanted] of list.entries()) {
    const at = subscriptionsAt + index * 48;
    guest.put(at, new Uint8Array(48));
    guest.view.setBigUint64(at, BigInt(index), true);
    if ("clock" in wanted) {
      guest.view.setUint32(at + 16, wanted.clock, true);
      guest.view.setBigUint64(at + 24, wanted.timeoutNs, true);
      guest.view.setUint16(at + 40, wanted.isAbsolute === true ? 1 : 0, true);
      continue;
    }
    guest.view.setUint8(at + 8, "read" in wanted ? 1 : 2);
    guest.view.setUint32(at + 16, "read" in wanted ? wanted.read : wanted.write, true);
  }
}

async function poll(guest: P1Caller, list: readonly Wanted[]): Promise<Event[]> {
  putSubscriptions(guest, list);
  assert.equal(await guest.call("poll_oneoff", subscriptionsAt, eventsAt, list.length, 0), errno.success);
  return Array.from({ length: guest.view.getUint32(0, true) }, (_, index) => {
    const at = eventsAt + index * 32;
    const { view } = guest;
    return [
      Number(view.getBigUint64(at, true)),
      view.getUint16(at + 8, true),
      view.getUint8(at + 10),
      Number(view.getBigUint64(at + 16, true)),
      view.getUint16(at + 24, true),
    ] as const;
  });
}

/** An hour: no test waits that long. */
const hourNs = 3_600n * 1_000_000_000n;

test("answers what is ready at once, and only that", async () => {
  const stdin = createMemoryPipe();
  stdin.output.write(Buffer.from("abc"));
  using guest = new P1Caller({ stdin: stdin.input, stdout: createMemoryPipe(10).output });
  const events = await poll(guest, [{ clock: 1, timeoutNs: hourNs }, { read: 0 }, { write: 1 }]);
  assert.deepEqual(events, [
    [1, errno.success, 1, 3, 0],
    [2, errno.success, 2, 10, 0],
  ]);
});

test("waits until something happens", async () => {
  const stdin = createMemoryPipe();
  using guest = new P1Caller({ stdin: stdin.input });
  const events = poll(guest, [{ clock: 1, timeoutNs: hourNs }, { read: 0 }]);
  await new Promise(setImmediate);
  stdin.output.close();
  assert.deepEqual(await events, [[1, errno.success, 1, 0, 1]], "the end, with the flag for hangup");
});

test("tells a writer whose reader is gone", async () => {
  const stdout = createMemoryPipe(1);
  using guest = new P1Caller({ stdout: stdout.output });
  await guest.write(1, "x");
  const events = poll(guest, [{ write: 1 }]);
  await new Promise(setImmediate);
  stdout.input.close();
  assert.deepEqual(await events, [[0, errno.success, 2, 0, 1]]);
});

test("answers for each clock when it is due, of several first the first", async () => {
  let nowNs = 1_000n;
  const clocks: Clocks = {
    realtimeNs: () => nowNs + hourNs,
    monotonicNs: () => nowNs,
    processCpuNs: () => 0n,
    threadCpuNs: () => 0n,
  };
  using guest = new P1Caller({ clocks });
  const wait = poll(guest, [
    { clock: 1, timeoutNs: hourNs },
    { clock: 0, timeoutNs: hourNs + 2_000n, isAbsolute: true },
    { clock: 1, timeoutNs: hourNs * 2n },
  ]);
  nowNs = 2_000n;
  assert.deepEqual(await wait, [[1, errno.success, 0, 0, 0]]);
  assert.deepEqual(await poll(guest, [{ clock: 1, timeoutNs: 1n, isAbsolute: true }]), [[0, errno.success, 0, 0, 0]]);
});

test("tells what is wrong with one subscription in its event", async () => {
  using guest = new P1Caller();
  const events = await poll(guest, [
    { read: 9 },
    { write: 0 },
    { clock: 2, timeoutNs: 1n },
    { clock: 1, timeoutNs: hourNs },
  ]);
  assert.deepEqual(events, [
    [0, errno.badDescriptor, 1, 0, 0],
    [1, errno.badDescriptor, 2, 0, 0],
    [2, errno.notSupported, 0, 0, 0],
  ]);
});

test("refuses none, too many, and kinds of events that do not exist", async () => {
  using guest = new P1Caller();
  assert.equal(await guest.call("poll_oneoff", subscriptionsAt, eventsAt, 0, 0), errno.invalid);
  assert.equal(await guest.call("poll_oneoff", subscriptionsAt, eventsAt, subscriptionsMax + 1, 0), errno.invalid);
  assert.equal(await guest.call("poll_oneoff", subscriptionsAt, eventsAt, -1, 0), errno.invalid);
  putSubscriptions(guest, [{ read: 0 }]);
  guest.view.setUint8(subscriptionsAt + 8, 3);
  assert.equal(await guest.call("poll_oneoff", subscriptionsAt, eventsAt, 1, 0), errno.invalid);
  assert.equal(await guest.call("poll_oneoff", subscriptionsAt, -32, 1, 0), errno.fault);
});
