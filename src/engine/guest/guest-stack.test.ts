import assert from "node:assert/strict";
import { test } from "node:test";
import { createLoader } from "../loader/index.ts";
import { wat } from "../loader/wat-fixture.ts";
import { type GuestFrame, readGuestFrames } from "./guest-stack.ts";

const { compiled } = await createLoader().load(wat("(module (func) (func) (func))"), { memoryBytesMax: 0 });

function check(line: string, expected: GuestFrame | undefined): void {
  const error = Object.assign(new Error("trap"), { stack: `RuntimeError: unreachable\n${line}` });
  assert.deepEqual(readGuestFrames(error, compiled), expected === undefined ? [] : [expected], line);
}

test("reads frames with and without names", () => {
  const frame = { functionName: "main", functionIndex: 1, offset: 3 };
  check("    at main (wasm://wasm/77946f96:wasm-function[1]:0x3)", frame);
  check("    at wasm://wasm/77946f96:wasm-function[1]:0x3", { ...frame, functionName: undefined });
  check("    at main (wasm://wasm/app.wasm-77946f96:wasm-function[1]:0x3)", frame);
});

test("takes a name for what it is, whatever it holds", () => {
  const name = "f (wasm://wasm/0:wasm-function[0]:0x0)";
  check(`    at ${name} (wasm://wasm/1:wasm-function[2]:0x4)`, { functionName: name, functionIndex: 2, offset: 4 });
  const frame = { functionName: "red\ufffd[31m", functionIndex: 2, offset: 4 };
  check("    at red\u001b[31m (wasm://wasm/1:wasm-function[2]:0x4)", frame);
});

test("leaves out frames of the host and functions of the engine", () => {
  check("    at run (file:///engine/run.ts:5:137)", undefined);
  check("    at wasm://wasm/77946f96:wasm-function[3]:0x3", undefined);
});
