import assert from "node:assert/strict";
import test from "node:test";

import * as fc from "fast-check";

import { putBlock, putFirstLine, takeOutOwn } from "./own-block.ts";

const lines = "[a.b]\n  c = 1\n";
const text = fc
  .array(fc.constantFrom("a = 1", "[t]", "# comment", "", '"""', "x", "\r", "\n"))
  .map((parts) => parts.join("\n"));

test("taking ours out gives back every byte, whatever the file was", () => {
  fc.assert(
    fc.property(text, (before) => {
      assert.equal(takeOutOwn(putBlock(before, lines)), before);
      assert.equal(takeOutOwn(putFirstLine(putBlock(before, lines), "imports = []")), before);
    }),
  );
});

test("putting it in again changes nothing", () => {
  fc.assert(
    fc.property(text, (before) => {
      const once = putBlock(before, lines);
      assert.equal(putBlock(once, lines), once);
    }),
  );
});

test("what was added behind ours stays, on lines of its own", () => {
  fc.assert(
    fc.property(text, (before) => {
      const rest = takeOutOwn(`${putBlock(before, lines)}z = 1\n`);
      const joint = before === "" || before.endsWith("\n") ? before : `${before}\n`;
      assert.equal(rest, `${joint}z = 1\n`);
    }),
  );
});

test("other lines replace ours in their place", () => {
  const current = `${putBlock("a = 1\n", lines)}[z]\n`;
  assert.equal(takeOutOwn(putBlock(current, "[new]\n")), "a = 1\n[z]\n");
  assert.ok(putBlock(current, "[new]\n").indexOf("[new]") < putBlock(current, "[new]\n").indexOf("[z]"));
});
