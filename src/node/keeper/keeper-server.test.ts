import assert from "node:assert/strict";
import { once } from "node:events";
import { closeSync } from "node:fs";
import { Socket } from "node:net";
import { test } from "node:test";

import { silentLog } from "#base";

import { createSocketPair } from "../syscall/descriptor-passing.ts";
import { Holdings } from "./holdings.ts";
import { KeeperServer } from "./keeper-server.ts";

/** A server over nothing, and control's end of the line to it. */
class Bench implements Disposable {
  readonly #packetsOfControl: number;
  readonly #server: KeeperServer;
  readonly line: Socket;
  readonly broken = Promise.withResolvers<void>();

  constructor() {
    const [linesFd, linesOfControl] = createSocketPair("stream");
    const [packetsFd, packetsOfControl] = createSocketPair("packets");
    this.#packetsOfControl = packetsOfControl;
    this.line = new Socket({ fd: linesOfControl, readable: true, writable: true });
    const spawner = {
      spawn: () => Promise.reject(new Error("nothing is started here")),
      close: () => Promise.resolve(),
    };
    this.#server = new KeeperServer({
      linesFd,
      packetsFd,
      holdings: new Holdings(spawner),
      isFirst: true,
      log: silentLog,
      onReady: () => undefined,
      onBroken: this.broken.resolve,
    });
  }

  [Symbol.dispose](): void {
    this.#server[Symbol.dispose]();
    this.line.destroy();
    closeSync(this.#packetsOfControl);
  }
}

test("a request of a newer control is refused, and the next is answered", async () => {
  using bench = new Bench();
  bench.line.write('{"id":1,"request":{"call":"fly"}}\n');
  const [refusal] = (await once(bench.line, "data")) as [Buffer];
  const { reply, error } = JSON.parse(refusal.toString()) as { reply: number; error: { code: string } };
  assert.deepEqual([reply, error.code], [1, "unsupported"]);
  bench.line.write('{"id":2,"request":{"call":"ready"}}\n');
  const [answer] = (await once(bench.line, "data")) as [Buffer];
  assert.deepEqual(JSON.parse(answer.toString()), { reply: 2, value: {} });
});

for (const line of ["null", "7", "{}", '{"id":1}', '{"id":1,"request":null}', "no JSON"]) {
  test(`a control that says ${line} is broken, and the keeper lives on`, async () => {
    using bench = new Bench();
    bench.line.write(`${line}\n`);
    await bench.broken.promise;
  });
}
