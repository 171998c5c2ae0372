import assert from "node:assert/strict";
import { test } from "node:test";

import * as fc from "fast-check";

import { LINE_BYTES_MAX, LineDiscipline, type TerminalSignal } from "./line-discipline.ts";

interface Outcome {
  readonly lines: readonly string[];
  readonly echo: string;
  readonly signal?: TerminalSignal;
}

function check(typed: string, expected: Outcome): void {
  const { echo, lines, signal } = new LineDiscipline().type(Buffer.from(typed));
  const seen = { lines: lines.map((line) => Buffer.from(line).toString()), echo: Buffer.from(echo).toString() };
  assert.deepEqual(signal === undefined ? seen : { ...seen, signal }, expected);
}

test("a line arrives when it is complete, whichever key completes it", () => {
  check("ab", { lines: [], echo: "ab" });
  check("ab\ncd\r", { lines: ["ab\n", "cd\n"], echo: "ab\r\ncd\r\n" });
});

test("what is rubbed out does not arrive", () => {
  check("ac\u007fb\n", { lines: ["ab\n"], echo: "ac\b \bb\r\n" });
  check("a\b\b\b\n", { lines: ["\n"], echo: "a\b \b\r\n" });
  check("a€\u007f\n", { lines: ["a\n"], echo: "a€\b \b\r\n" });
  check("one two \u0017\n", { lines: ["one \n"], echo: `one two ${"\b \b".repeat(4)}\r\n` });
  check("one\u0015two\n", { lines: ["two\n"], echo: `one${"\b \b".repeat(3)}two\r\n` });
});

test("control characters are shown with a caret, and rubbed out with it", () => {
  check("\u0001\u007f\n", { lines: ["\n"], echo: "^A\b \b\b \b\r\n" });
  check("\u0016\u0003\n", { lines: ["\u0003\n"], echo: "^C\r\n" });
  check("a\tb\n", { lines: ["a\tb\n"], echo: "a\tb\r\n" });
  check("ab\u0012\n", { lines: ["ab\n"], echo: "ab^R\r\nab\r\n" });
});

test("control-D hands over what there is, and at a line's start the end", () => {
  check("ab\u0004", { lines: ["ab"], echo: "ab" });
  check("ab\n\u0004", { lines: ["ab\n", ""], echo: "ab\r\n" });
});

test("control-C and control-backslash ask for a signal and drop what was typed", () => {
  check("ab\ncd\u0003", { lines: [], echo: "ab\r\ncd^C", signal: "SIGINT" });
  check("\u001c", { lines: [], echo: "^\\", signal: "SIGQUIT" });
  check("\u001aab\n", { lines: ["ab\n"], echo: "^Zab\r\n" });
});

test("a line may be as long as its limit and no longer", () => {
  const most = "a".repeat(LINE_BYTES_MAX - 1);
  check(`${most}\n`, { lines: [`${most}\n`], echo: `${most}\r\n` });
  check(`${most}b\n`, { lines: [`${most}\n`], echo: `${most}\u0007\r\n` });
});

test("whatever is typed, in whatever pieces, lines stay within their limit and text arrives as it is", () => {
  const pieces = fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 50 });
  fc.assert(
    fc.property(pieces, (chunks) => {
      const [whole, split] = [new LineDiscipline(), new LineDiscipline()];
      const { lines } = whole.type(Buffer.concat(chunks));
      for (const line of lines) assert.ok(line.length <= LINE_BYTES_MAX);
      for (const chunk of chunks) split.type(chunk);
      assert.deepEqual(split.takeRest(), whole.takeRest());
    }),
  );
  fc.assert(
    fc.property(fc.stringMatching(/^[ -~äöü€]*$/u), (text) => {
      check(`${text}\n`, { lines: [`${text}\n`], echo: `${text}\r\n` });
    }),
  );
});
