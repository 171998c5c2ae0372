import assert from "node:assert/strict";
import test from "node:test";

import * as fc from "fast-check";

import { KwasmError } from "#base";

import { formatInstallReport, type InstallReport, parseInstallReport, REPORT_BYTES_MAX } from "./install-report.ts";

const report: InstallReport = {
  reportVersion: 1,
  outcome: "installed",
  runtimeVersion: "0.1.0-abc",
  distribution: "k3s",
  containerdVersion: "2.1.9",
  handlers: ["kwasm", "spin"],
  reason: "HandlersServed",
  message: 'containerd serves "kwasm" and "spin"',
};

test("a report is read as it was written, also behind other output", () => {
  assert.deepEqual(parseInstallReport(`copying\n${formatInstallReport(report)}\n`), report);
});

function refuse(name: string, text: string): void {
  test(`no report: ${name}`, () => {
    assert.throws(
      () => parseInstallReport(text),
      (thrown) => thrown instanceof KwasmError && thrown.code === "corrupt",
    );
  });
}

refuse("nothing", "");
refuse("words", "No change in containerd/config.toml");
refuse("a list", "[]");
refuse("of another version", JSON.stringify({ ...report, reportVersion: 2 }));
refuse("an unknown outcome", JSON.stringify({ ...report, outcome: "fine" }));
refuse("a number for a text", JSON.stringify({ ...report, message: 5 }));
refuse("handlers that are no names", JSON.stringify({ ...report, handlers: [1] }));
refuse("too many handlers", JSON.stringify({ ...report, handlers: Array.from({ length: 65 }, () => "a") }));
refuse("more than a termination message holds", " ".repeat(REPORT_BYTES_MAX + 1));

test("whatever is told fits a termination message and can be read", () => {
  const text = fc.string({ unit: "binary", maxLength: 9_000 });
  fc.assert(
    fc.property(text, fc.array(fc.string(), { maxLength: 90 }), (message, handlers) => {
      const line = formatInstallReport({ ...report, message, handlers });
      assert.ok(Buffer.byteLength(line) < REPORT_BYTES_MAX && !line.includes("\n"));
      assert.ok(message.startsWith(parseInstallReport(line).message.slice(0, 10)));
    }),
    { numRuns: 50 },
  );
});
