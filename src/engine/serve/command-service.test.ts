import assert from "node:assert/strict";
import { test } from "node:test";
import { KwasmError } from "#base";
import { compileCommandModule } from "../component/index.ts";
import { wat } from "../loader/wat-fixture.ts";
import type { CommandCall, HttpProgram } from "./http-program.ts";
import { ServiceFixture } from "./testing/service-fixture.ts";

const text = "a command's own words";

/** Writes its text, by WASI 0.1, and ends as its one word says. */
const speaker = wat(`(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "\\20\\00\\00\\00\\15\\00\\00\\00")
  (data (i32.const 32) "${text}")
  (func (export "_start")
    (local $word i32)
    (drop (call $write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 8)))
    (drop (call $args (i32.const 64) (i32.const 128)))
    (local.set $word (i32.load8_u (i32.const 128)))
    (if (i32.eq (local.get $word) (i32.const 120)) (then (call $exit (i32.const 3))))
    (if (i32.eq (local.get $word) (i32.const 48)) (then (call $exit (i32.const 0))))
    (if (i32.eq (local.get $word) (i32.const 116)) (then unreachable))))`);

/** How the command is called for a path: with its letter as the one word, and "u" stands for an answer that is none. */
function callFor(path: string): CommandCall {
  return {
    begin: () => ({ args: [path.slice(1)], env: [] }),
    end(output) {
      if (path === "/u") throw new KwasmError("failed-precondition", "read an answer: it is none");
      return { head: { status: 200, fields: [] }, body: output };
    },
  };
}

async function start(): Promise<ServiceFixture> {
  const plan = await compileCommandModule(speaker, { memoryBytesMax: 2 ** 24 });
  assert.ok(plan);
  const program: HttpProgram = { plan, isCommand: true };
  return ServiceFixture.startRoutes(program, { reuse: 5 }, ({ request }) => ({
    program,
    request,
    command: callFor(request.pathWithQuery ?? ""),
  }));
}

async function check(path: string, expected: readonly [status: number, body: string], log: RegExp): Promise<void> {
  await using service = await start();
  for (let round = 0; round < 2; round++) {
    const { status, body } = await service.get(path);
    assert.deepEqual([status, body], expected);
    // Nothing of it is left, however it ended.
    assert.equal(service.guest.memoryBytes(), 0);
  }
  assert.match(service.readLog(), log);
}

const failed = [500, "the request failed\n"] as const;

test("what a command writes is the answer", () => check("/a", [200, text], /^$/));
test("a command may exit by itself", () => check("/0", [200, text], /^$/));
test("a command that fails gives 500", () => check("/x", failed, /the guest exited with code "3"/));
test("a command that traps gives 500", () => check("/t", failed, /wasm trap/));
test("a command whose output is no answer gives 500", () => check("/u", failed, /read an answer: it is none/));
