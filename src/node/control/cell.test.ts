import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";

import { KwasmError, silentLog } from "#base";

import { Cell } from "./cell.ts";
import { localHost } from "./cell-host.ts";

/** Starts a cell that is another program than ours: what a cell may become when a guest takes it over. */
async function startAs(argv: readonly string[], use: (starting: Promise<Cell>, told: string[]) => Promise<void>) {
  const host = localHost();
  const told: string[] = [];
  let cell: Cell | undefined;
  try {
    const starting = Cell.start({
      group: "a",
      host: { spawn: (order, hold) => host.spawn({ ...order, argv }, hold) },
      log: silentLog,
      errorFd: 2,
      onGuestEnded: (_cell, guest, { kind }) => told.push(`${String(guest)} ${kind}`),
    });
    starting.then(
      (started) => (cell = started),
      () => undefined,
    );
    await use(starting, told);
  } finally {
    // Unlike a cell of ours, such a program does not end with the thread that started it.
    cell?.kill("SIGKILL");
    await cell?.ended;
    await host.close();
  }
}

const sayReady = `
    const say = (text) => require("node:fs").writeSync(3, text + "\\n");
    say('{"event":"ready"}');
    setInterval(() => undefined, 1_000);`;

function startLiar(program: string, use: (cell: Cell, told: string[]) => Promise<void>): Promise<void> {
  return startAs([process.execPath, "-e", sayReady + program], async (starting, told) => use(await starting, told));
}

test("a cell that dies before it is ready is an error, and nobody waits for it", () =>
  startAs(["/bin/false"], (starting) =>
    assert.rejects(starting, (error) => error instanceof KwasmError && /ended at once \(code 1\)/.test(error.message)),
  ));

test("a cell that cannot be started is an error and leaves no descriptor", async () => {
  await startAs(["/bin/false"], (starting) => assert.rejects(starting));
  const before = readdirSync("/proc/self/fd").length;
  await startAs(["/nonexistent/program"], (starting) => assert.rejects(starting, { code: "internal" }));
  await startAs(["/nonexistent\0program"], (starting) => assert.rejects(starting, { code: "internal" }));
  assert.equal(readdirSync("/proc/self/fd").length, before);
});

const lies: readonly (readonly [what: string, text: string])[] = [
  ["answers what nobody asked", `'{"reply":99,"value":{}}'`],
  ["ends a guest that it does not run", `'{"event":"guest-ended","guest":7,"outcome":{"kind":"exited","code":0}}'`],
  ["is ready twice", `'{"event":"ready"}'`],
  ["speaks another language", "'hello'"],
  ["never ends its line", "'x'.repeat(5 * 1024 * 1024)"],
];
for (const [what, text] of lies) {
  test(`a cell that ${what} is ended`, () =>
    startLiar(`say(${text})`, async (cell, told) => {
      assert.equal((await cell.ended).signal, "SIGKILL");
      assert.deepEqual(told, []);
      await assert.rejects(cell.request({ call: "ping" }), { code: "unavailable" });
    }));
}

test("a cell that cuts the shared page short ends nobody", () =>
  startAs(
    [process.execPath, "-e", `const fs = require("node:fs"); fs.ftruncateSync(5, 0); ${sayReady}`],
    async (starting) => {
      const cell = await starting;
      assert.deepEqual([cell.runningGuest(), cell.usageOf(1)], [undefined, undefined]);
    },
  ));

test("a cell that left a process behind which holds its line has ended all the same", () => {
  const sleeper = '["-e", "setTimeout(() => undefined, 3_000)"]';
  const child = `require("node:child_process").spawn(process.execPath, ${sleeper}, { stdio: [0, 1, 2, 3] })`;
  return startLiar(`${child}.once("spawn", () => process.exit(3))`, async (cell) => {
    assert.equal((await cell.ended).code, 3);
  });
});

test("signals for a cell that has ended go nowhere", () =>
  startLiar("process.exit(0)", async (cell) => {
    await cell.ended;
    cell.kill("SIGKILL");
  }));
