import assert from "node:assert/strict";
import test from "node:test";

import { formatSelector, matchesSelector } from "./label-selector.ts";
import type { LabelSelector, LabelSelectorRequirement, StringMap } from "./object.ts";

function selector(matchLabels: StringMap, ...matchExpressions: readonly LabelSelectorRequirement[]): LabelSelector {
  return { matchLabels, matchExpressions };
}

function check(wanted: LabelSelector, labels: StringMap, expected: boolean): void {
  test(`${formatSelector(wanted)} ${expected ? "matches" : "does not match"} ${JSON.stringify(labels)}`, () => {
    assert.equal(matchesSelector(wanted, labels), expected);
  });
}

check(selector({}), { a: "1" }, true);
check(selector({ a: "1" }), { a: "1", b: "2" }, true);
check(selector({ a: "1", b: "3" }), { a: "1", b: "2" }, false);
check(selector({}, { key: "a", operator: "In", values: ["1", "2"] }), { a: "2" }, true);
check(selector({}, { key: "a", operator: "In", values: ["1"] }), {}, false);
check(selector({}, { key: "a", operator: "NotIn", values: ["1"] }), {}, true);
check(selector({}, { key: "a", operator: "NotIn", values: ["1"] }), { a: "1" }, false);
check(selector({}, { key: "a", operator: "Exists", values: [] }), { a: "" }, true);
check(selector({}, { key: "constructor", operator: "Exists", values: [] }), {}, false);
check(selector({}, { key: "a", operator: "DoesNotExist", values: [] }), { a: "" }, false);

test("a selector is printed as kubectl takes it", () => {
  const wanted = selector({ tier: "web" }, { key: "app", operator: "NotIn", values: ["b", "a"] });
  assert.equal(formatSelector(wanted), "app notin (a,b),tier=web");
});
