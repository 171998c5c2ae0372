import assert from "node:assert/strict";
import { test } from "node:test";

import { parseOutboundHosts } from "./outbound-hosts.ts";

test("rules are parted by commas, spaces and ends of lines", () => {
  assert.deepEqual(parseOutboundHosts("a.test:80, *.b.test\n  https://c.test,"), [
    "a.test:80",
    "*.b.test",
    "https://c.test",
  ]);
  assert.deepEqual(parseOutboundHosts(" "), []);
  assert.deepEqual(parseOutboundHosts(undefined), []);
});
