import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";

import { type CellLine, MESSAGE_LENGTH_MAX, parseCellLine } from "./messages.ts";

const good: readonly CellLine[] = [
  { event: "ready" },
  { event: "guest-ended", guest: 3, outcome: { kind: "exited", code: 7 } },
  { event: "guest-ended", guest: 3, outcome: { kind: "trapped", message: "m" } },
  { event: "guest-ended", guest: 3, outcome: { kind: "out-of-memory", message: "m" } },
  { event: "guest-ended", guest: 3, outcome: { kind: "killed", signal: "SIGTERM" } },
  { event: "guest-ended", guest: 3, outcome: { kind: "refused", code: "unsupported", message: "m" } },
  { event: "socket-wanted", ask: 1, guest: 3, socket: { family: "ipv4", protocol: "tcp" } },
  {
    event: "socket-wanted",
    ask: 1,
    guest: 3,
    socket: { family: "ipv6", protocol: "udp", bind: { address: "::1", port: 65_535 } },
  },
  { reply: 1, value: {} },
  { reply: 1, value: { exitCode: 127 } },
  { reply: 1, error: { code: "not-found", message: "m" } },
];
for (const line of good) {
  const text = JSON.stringify(line);
  test(`${text} is read as it was written`, () => assert.deepEqual(parseCellLine(Buffer.from(text)), line));
}

const bad = [
  "",
  "7",
  "[]",
  "null",
  "{}",
  '{"reply":-1,"value":{}}',
  '{"reply":1.5,"value":{}}',
  '{"reply":1,"value":{"exitCode":-1}}',
  '{"event":"guest-ended","guest":1}',
  '{"event":"guest-ended","guest":"1","outcome":{"kind":"exited","code":0}}',
  '{"event":"guest-ended","guest":1,"outcome":{"kind":"exited","code":null}}',
  '{"event":"guest-ended","guest":1,"outcome":{"kind":"promoted"}}',
  '{"event":"socket-wanted","ask":1,"guest":1}',
  '{"event":"socket-wanted","ask":1,"guest":1,"socket":{"family":"unix","protocol":"tcp"}}',
  '{"event":"socket-wanted","ask":1,"guest":1,"socket":{"family":"ipv4","protocol":"raw"}}',
  '{"event":"socket-wanted","ask":1,"guest":1,"socket":{"family":"ipv4","protocol":"tcp","bind":{"address":"::1","port":1}}}',
  '{"event":"socket-wanted","ask":1,"guest":1,"socket":{"family":"ipv4","protocol":"tcp","bind":{"address":"::","port":65536}}}',
];
for (const text of bad) {
  test(`${text === "" ? "an empty line" : text} of a cell is refused`, () =>
    assert.throws(() => parseCellLine(Buffer.from(text))));
}

test("a message of a cell is cut where no honest one is longer", () => {
  for (const extra of [0, 1]) {
    const message = "m".repeat(MESSAGE_LENGTH_MAX + extra);
    const line = { event: "guest-ended", guest: 1, outcome: { kind: "trapped", message } };
    assert.deepEqual(parseCellLine(Buffer.from(JSON.stringify(line))), {
      ...line,
      outcome: { kind: "trapped", message: "m".repeat(MESSAGE_LENGTH_MAX) },
    });
  }
});

test("whatever a cell writes, control reads a message or throws an Error", () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      try {
        parseCellLine(Buffer.from(text));
      } catch (error) {
        assert.ok(error instanceof Error);
      }
    }),
  );
});
