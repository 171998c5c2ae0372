import assert from "node:assert/strict";
import { test } from "node:test";
import { KwasmError } from "#base";
import { endedInput, DescriptorBudget } from "../host/index.ts";
import { errno } from "./errno.ts";
import { P1Caller, p1Signatures } from "./p1-fixture.ts";
import { createP1Host } from "./p1-host.ts";

test("answers the 46 functions of the interface and no other", () => {
  using guest = new P1Caller();
  assert.deepEqual(Object.keys(guest.host.imports).toSorted(), Object.keys(p1Signatures).toSorted());
  assert.equal(Object.keys(p1Signatures).length, 46);
});

test("gives a guest nothing that was not granted", async () => {
  using guest = new P1Caller();
  await guest.call("args_sizes_get", 0, 4);
  assert.equal(guest.view.getBigUint64(0, true), 0n, "no arguments");
  await guest.call("environ_sizes_get", 0, 4);
  assert.equal(guest.view.getBigUint64(0, true), 0n, "no environment");
  assert.equal(await guest.call("fd_prestat_get", 3, 0), errno.badDescriptor, "no directories");
  assert.equal(await guest.read(0), "", "stdin is at its end");
  assert.equal(await guest.write(1, "lost"), 4, "stdout is discarded");
});

test("passes arguments and environment as NUL-terminated strings", async () => {
  using guest = new P1Caller({ args: ["prog", "ü"], env: [["A", "b=c"]] });
  await guest.call("args_sizes_get", 0, 4);
  assert.deepEqual([guest.view.getUint32(0, true), guest.view.getUint32(4, true)], [2, 8]);
  await guest.call("args_get", 0, 16);
  assert.deepEqual([guest.view.getUint32(0, true), guest.view.getUint32(4, true)], [16, 21]);
  assert.equal(guest.text(16, 8), "prog\0ü\0");
  await guest.call("environ_get", 0, 16);
  assert.equal(guest.text(16, 6), "A=b=c\0");
});

function onExit(): Error {
  return new Error("never");
}

function checkRefused(config: object): void {
  let closed = 0;
  const stdin = { ...endedInput, close: () => (closed += 1) };
  const create = (): unknown => createP1Host({ onExit, budget: new DescriptorBudget(8), stdin, ...config });
  assert.throws(create, (error) => error instanceof KwasmError && error.code === "invalid-argument");
  assert.equal(closed, 1, "what was granted is closed");
}

test("refuses strings that a guest would read cut short", () => {
  checkRefused({ args: ["a\0b"] });
  checkRefused({ env: [["A", "\0"]] });
  checkRefused({ env: [["A=B", "c"]] });
  checkRefused({ env: [["", "c"]] });
});

test("ends the guest by the very error of onExit, with the code unsigned", async () => {
  const codes: number[] = [];
  const error = new Error("the end");
  using guest = new P1Caller({
    onExit(code) {
      codes.push(code);
      return error;
    },
  });
  await assert.rejects(guest.call("proc_exit", 33), (thrown) => thrown === error);
  await assert.rejects(guest.call("proc_exit", -1), (thrown) => thrown === error);
  await assert.rejects(guest.call("proc_raise", 6), (thrown) => thrown === error);
  assert.deepEqual(codes, [33, 0xffff_ffff, 134]);
  assert.equal(await guest.call("proc_raise", 0), errno.success);
  assert.equal(await guest.call("proc_raise", 18), errno.notSupported);
  assert.equal(await guest.call("proc_raise", 31), errno.invalid);
});

test("rejects every waiting call with the very error of abort, and every later one", async () => {
  using guest = new P1Caller();
  using other = new P1Caller();
  const error = new Error("killed");
  const poll = guest.call("poll_oneoff", 64, 256, 1, 0); // a clock subscription of zeros: realtime, at once
  assert.equal(await poll, errno.success);
  guest.view.setBigUint64(64 + 24, 10n ** 15n, true);
  const waiting = [guest.call("poll_oneoff", 64, 256, 1, 0), guest.call("poll_oneoff", 64, 256, 1, 0)];
  guest.host.abort(error);
  guest.host.abort(new Error("too late"));
  for (const call of waiting) await assert.rejects(call, (thrown) => thrown === error);
  await assert.rejects(guest.call("fd_close", 1), (thrown) => thrown === error);
  await assert.rejects(guest.call("sched_yield"), (thrown) => thrown === error);
  assert.equal(await other.call("fd_close", 1), errno.success, "others go on");
});

test("gives every descriptor back at the end, twice without harm", async () => {
  const guest = new P1Caller();
  assert.equal(guest.budget.used, 3);
  guest.host.close();
  guest.host.close();
  assert.equal(guest.budget.used, 0);
});

test("keeps timers alive under a guest that calls without end", async () => {
  using guest = new P1Caller();
  const rounds = { timers: 0 };
  const timer = setInterval(() => (rounds.timers += 1), 1);
  while (rounds.timers < 3) await guest.write(1, "spin");
  clearInterval(timer);
});
