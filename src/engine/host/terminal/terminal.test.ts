import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";

import { Interrupt } from "../interrupt.ts";
import { createMemoryPipe } from "../memory-stream.ts";
import type { InputStream } from "../stream.ts";
import { openTerminal } from "./terminal.ts";

/** A terminal with the ends that whoever sits at it has. */
function open(screenBytesMax?: number) {
  const [keys, screen] = [createMemoryPipe(), createMemoryPipe(screenBytesMax)];
  const signals: string[] = [];
  const onSignal = (signal: string): void => void signals.push(signal);
  const terminal = openTerminal({ input: keys.input, output: screen.output, onSignal });
  return {
    ...terminal,
    signals,
    type: (text: string) => keys.output.write(Buffer.from(text)),
    hangUp: () => keys.output.close(),
    screen: screen.input,
  };
}

async function readNext(input: InputStream): Promise<string> {
  await new Interrupt().whenAnyReady([input.readable]);
  const read = input.read(1000);
  return read === "ended" ? "ended" : Buffer.from(read ?? []).toString();
}

function readScreen(screen: InputStream): string {
  let text = "";
  for (let read = screen.read(1000); read instanceof Uint8Array; read = screen.read(1000)) {
    text += Buffer.from(read).toString();
  }
  return text;
}

test("what is typed is shown at once and read line by line", async () => {
  const terminal = open();
  terminal.type("one\rtwo\r");
  assert.equal(await readNext(terminal.stdin), "one\n");
  assert.equal(await readNext(terminal.stdin), "two\n");
  assert.equal(terminal.stdin.read(10), undefined);
  assert.equal(readScreen(terminal.screen), "one\r\ntwo\r\n");
});

test("a short read leaves the rest of the line for the next", async () => {
  const terminal = open();
  terminal.type("long\r");
  await new Interrupt().whenAnyReady([terminal.stdin.readable]);
  assert.equal(Buffer.from(terminal.stdin.read(2) as Uint8Array).toString(), "lo");
  assert.equal(await readNext(terminal.stdin), "ng\n");
});

test("the end that control-D means is told once, and one that hangs up for good", async () => {
  const terminal = open();
  terminal.type("\u0004more\r");
  assert.equal(await readNext(terminal.stdin), "ended");
  assert.equal(await readNext(terminal.stdin), "more\n");
  terminal.type("rest");
  terminal.hangUp();
  assert.equal(await readNext(terminal.stdin), "rest");
  assert.equal(await readNext(terminal.stdin), "ended");
  assert.equal(await readNext(terminal.stdin), "ended");
});

test("a guest that does not read is ended by control-C all the same", async () => {
  const terminal = open();
  terminal.type("ab\r\u0003");
  await turn();
  await turn();
  assert.deepEqual(terminal.signals, ["SIGINT"]);
  assert.equal(terminal.stdin.read(10), undefined);
});

test("a newline of the guest returns to the start of the line", () => {
  const terminal = open();
  terminal.stdout.write(Buffer.from("a\nb"));
  terminal.stderr.write(Buffer.from("c"));
  assert.equal(readScreen(terminal.screen), "a\r\nbc");
});

test("a screen that is not read takes nothing more, and what was typed still arrives", async () => {
  const terminal = open(5);
  assert.equal(terminal.stdout.capacity(), 2);
  terminal.stdout.write(Buffer.from("\n\n"));
  assert.equal(terminal.stdout.capacity(), 0);
  assert.equal(terminal.stdout.writable.isReady(), false);
  terminal.type("abc\r");
  assert.equal(await readNext(terminal.stdin), "abc\n");
  assert.equal(readScreen(terminal.screen), "\r\n\r\na");
});

test("the streams underneath are closed with the last of the three", () => {
  const terminal = open();
  for (const stream of [terminal.stdin, terminal.stdin, terminal.stdout]) stream.close();
  terminal.stderr.write(Buffer.from("still"));
  terminal.stderr.close();
  assert.equal(readScreen(terminal.screen), "still");
  assert.equal(terminal.screen.read(1), "ended");
});

test("without anything to type on, a read waits", () => {
  const { stdin } = openTerminal({ output: createMemoryPipe().output, onSignal: assert.fail });
  assert.equal(stdin.readable.isReady(), false);
  assert.equal(stdin.read(1), undefined);
});
