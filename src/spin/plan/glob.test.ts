import assert from "node:assert/strict";
import { matchesGlob } from "node:path";
import { test } from "node:test";
import * as fc from "fast-check";
import { matchesPattern, mayMatchBelow, parsePattern } from "./glob.ts";

function check(pattern: string, matching: readonly string[], others: readonly string[]): void {
  test(pattern, () => {
    const parsed = parsePattern(pattern);
    for (const path of matching) assert.ok(matchesPattern(parsed, path.split("/")), path);
    for (const path of others) assert.ok(!matchesPattern(parsed, path.split("/")), path);
  });
}

check("a.txt", ["a.txt"], ["b.txt", "a/a.txt", "a.txt/a"]);
check("./a/b.txt", ["a/b.txt"], ["b.txt"]);
check("static/*.txt", ["static/a.txt", "static/.txt"], ["static/a/b.txt", "a.txt", "static/a.md"]);
check("static/**/*", ["static/a", "static/a/b/c"], ["static", "other/a"]);
check("**/a?c", ["abc", "x/y/a-c"], ["ac", "abcd"]);
check("[a-c]x[!0-9]", ["ax!", "cxz"], ["dxz", "ax1"]);
check("a[-]b", ["a-b"], ["ab"]);
check("a{b,c}", ["a{b,c}"], ["ab"]);
check("+(a)", ["+(a)"], ["a", "aa"]);

test("a pattern that leads out is refused", () => {
  for (const pattern of ["../a", "a/../../b", "/etc/*"]) {
    assert.throws(() => parsePattern(pattern), { code: "invalid-argument" }, pattern);
  }
});

const word = fc.array(fc.constantFrom("a", "b", "*", "?"), { minLength: 1, maxLength: 4 }).map((all) => all.join(""));
const segment = fc.oneof(
  word.filter((text) => !text.includes("**")),
  fc.constant("**"),
);
const name = fc.array(fc.constantFrom("a", "b"), { minLength: 1, maxLength: 4 }).map((all) => all.join(""));

test("patterns match as Node's own, and what is below a directory is looked at where something matches", () => {
  const cases = fc.tuple(
    fc.array(segment, { minLength: 1, maxLength: 4 }),
    fc.array(name, { minLength: 1, maxLength: 4 }),
  );
  fc.assert(
    fc.property(cases, ([pattern, path]) => {
      const isMatch = matchesPattern(pattern, path);
      // Node takes "a" for "a/**", which names directories here, and these are not looked at.
      if (pattern.at(-1) !== "**") assert.equal(isMatch, matchesGlob(path.join("/"), pattern.join("/")));
      if (!isMatch) return;
      for (let end = 1; end < path.length; end++) assert.ok(mayMatchBelow(pattern, path.slice(0, end)));
    }),
  );
});

test("many wildcards do not make it slow", () => {
  assert.ok(!matchesPattern(parsePattern(`${"*a".repeat(500)}b`), ["a".repeat(255)]));
  assert.ok(
    !matchesPattern(
      parsePattern(`${"**/".repeat(500)}b`),
      Array.from({ length: 200 }, () => "a"),
    ),
  );
});
