import assert from "node:assert/strict";
import { test } from "node:test";
import { SharedValues } from "./shared-values.ts";

test("a value that somebody has is not made again", () => {
  const values = new SharedValues<{ readonly made: number }>();
  let made = 0;
  const make = () => ({ made: ++made });
  const first = values.share("a", make);
  assert.equal(values.share("a", make), first);
  assert.notEqual(values.share("b", make), first);
  assert.equal(made, 2);
});

test("what cannot be made is tried again", () => {
  const values = new SharedValues<object>();
  assert.throws(() =>
    values.share("a", () => {
      throw new Error("it cannot be");
    }),
  );
  const value = {};
  assert.equal(
    values.share("a", () => value),
    value,
  );
});
