import assert from "node:assert/strict";
import { test } from "node:test";
import type { Probe } from "../kinds/index.ts";
import { countProbe, noProbeYet } from "./probe-verdict.ts";

const probe: Probe = {
  initialDelaySeconds: 0,
  timeoutSeconds: 1,
  periodSeconds: 10,
  successThreshold: 2,
  failureThreshold: 3,
};

function check(results: string, expected: string): void {
  let count = noProbeYet;
  const verdicts = results.split("").map((result) => {
    count = countProbe(count, result === "+", probe);
    return count.verdict === undefined ? "." : count.verdict === "passing" ? "P" : "F";
  });
  assert.equal(verdicts.join(""), expected);
}

test("a verdict comes with its threshold reached in a row, and stays until the other one is", () => {
  check("++", ".P");
  check("+-+-", "....");
  check("---", "..F");
  check("++--+---++", ".PPPPPPFFP");
});
