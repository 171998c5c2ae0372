import assert from "node:assert/strict";
import { mkdtempDisposableSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { answersHttp } from "./answers-http.ts";

const component = [0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00];
const coreModule = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const handler = Buffer.from("wasi:http/incoming-handler@0.2.3");

async function check(bytes: Uint8Array, expected: boolean): Promise<void> {
  using scratch = mkdtempDisposableSync(join(tmpdir(), "answers-http-"));
  const path = join(scratch.path, "file.wasm");
  writeFileSync(path, bytes);
  assert.equal(await answersHttp(path), expected);
}

test("a component that names the handler answers HTTP, wherever in it the name is", async () => {
  await check(Buffer.from([...component, ...handler]), true);
  for (const before of [65_520, 65_528, 65_536, 200_000]) {
    await check(Buffer.concat([Buffer.from(component), Buffer.alloc(before), handler, Buffer.alloc(9)]), true);
  }
});

test("modules, other components and other files do not", async () => {
  await check(Buffer.from([...coreModule, ...handler]), false);
  await check(Buffer.from(component), false);
  await check(Buffer.concat([Buffer.from(component), Buffer.from("wasi:http/incoming-handler@0.3.0")]), false);
  await check(handler, false);
  await check(Buffer.alloc(0), false);
});
