import type { TestEvent } from "node:test/reporters";
import { relative } from "node:path";

/**
 * Reports one line for each file of tests that ran: `failed FILE` where any of its tests did, else
 * `passed FILE`. A reporter of node:test, see https://nodejs.org/api/test.html#custom-reporters.
 */
// oxlint-disable-next-line import/no-default-export -- Node asks a reporter's module for it.
export default async function* reportFiles(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const results = new Map<string, "failed" | "passed">();
  for await (const { type, data } of events) {
    if (type !== "test:pass" && type !== "test:fail") continue;
    const file = relative(process.cwd(), data.file ?? data.name);
    if (type === "test:fail") results.set(file, "failed");
    else if (!results.has(file)) results.set(file, "passed");
  }
  for (const [file, result] of results) yield `${result} ${file}\n`;
}
