import assert from "node:assert/strict";
import { test } from "node:test";

import { nearestWord } from "./nearest-word.ts";

const commands = ["build", "delete", "describe", "down", "get", "logs", "run", "scale", "up"];

function check(word: string, expected: string | undefined): void {
  assert.equal(nearestWord(word, commands), expected, word);
}

test("a word with one or two wrong letters is recognised", () => {
  check("lgos", "logs");
  check("delet", "delete");
  check("descirbe", "describe");
  check("gett", "get");
});

test("a word that is like none is left alone", () => {
  check("deployment", undefined);
  check("install", undefined);
});
