import assert from "node:assert/strict";
import { test } from "node:test";

import { formatTable } from "./table.ts";

test("columns are as wide as their widest cell and three spaces apart", () => {
  const rows = [
    ["hello-wasm", "3/3"],
    ["a", "0/10"],
  ];
  assert.equal(formatTable(["NAME", "READY"], rows), "NAME         READY\nhello-wasm   3/3\na            0/10\n");
});

test("without headings the rows stand alone", () => {
  assert.equal(formatTable([], [["a", "b"]]), "a   b\n");
});
