import assert from "node:assert/strict";
import { test } from "node:test";
import { compileComponent } from "../component/index.ts";
import { command } from "../component/testing/command-component.ts";
import { copyingCommand } from "../component/testing/copying-component.ts";
import { echoComponent } from "../component/testing/sample-components.ts";
import { createMemoryPipe, endedInput, inputFromBytes } from "../host/index.ts";
import type { GuestEnd } from "./guest-end.ts";
import type { ThreadWatch } from "./host-contract.ts";
import { type CommandConfig, startComponent } from "./start-component.ts";

const memoryBytesMax = 2 ** 20;

async function start(bytes: Uint8Array, config: Partial<CommandConfig> = {}) {
  return startComponent(await compileComponent(bytes, { memoryBytesMax }), { memoryBytesMax, ...config });
}

async function check(body: string, expected: Partial<GuestEnd>): Promise<void> {
  const end = await (await start(command(body))).ended;
  assert.deepEqual({ ...end, ...expected }, end, JSON.stringify(end));
}

test("a command ends with what its run says, or in a trap", async () => {
  await check("i32.const 0", { kind: "exit", code: 0 });
  await check("i32.const 1", { kind: "exit", code: 1 });
  await check("unreachable", { kind: "trap", trap: "unreachable" });
  await check("(i32.load (i32.const -1))", { kind: "trap", trap: "memory-out-of-bounds" });
  const importing = { interface: "wasi:cli/exit@0.2.6", function: "exit-with-code" };
  const exiting = await start(command("(call $host (i32.const 7)) i32.const 0", importing));
  assert.deepEqual(await exiting.ended, { kind: "exit", code: 7 });
  await check("(drop (memory.grow (i32.const 100))) unreachable", { kind: "out-of-memory", askedBytes: 6_553_600 });
});

test("a component that is no command is refused and told what it is", async () => {
  const bytes = command("i32.const 0", undefined, "wasi:http/incoming-handler@0.2.0");
  await assert.rejects(start(bytes), {
    code: "unsupported",
    message:
      'starting a component: it exports "wasi:http/incoming-handler@0.2.0"; it answers HTTP requests: run it by "kwasm serve", or give its container a port',
  });
});

test("interfaces that are not offered are named with who has them", async () => {
  const importing = { interface: "spin:redis/redis@3.0.0", function: "get" };
  await assert.rejects(start(command("i32.const 0", importing)), {
    code: "unsupported",
    message: /^starting a component: the host does not offer "spin:redis\/redis@3\.0\.0" \(provided by Spin\); /,
  });
});

test("what was given is closed where a component cannot start, and at its end", async () => {
  let closed = 0;
  const stdin = { ...endedInput, close: () => void (closed += 1) };
  const refused = command("i32.const 0", undefined, "a:b/c@0.2.0");
  await assert.rejects(start(refused, { stdin }));
  assert.equal(closed, 1);
  await (
    await start(command("i32.const 0"), { stdin })
  ).ended;
  assert.equal(closed, 2);
});

test("a command of WASI 0.3 copies its input to its output, in any version that toolchains name", async () => {
  for (const version of ["0.3.0", "0.3.2", "0.3.0-rc-2026-03-15"]) {
    const pipe = createMemoryPipe();
    const stdin = inputFromBytes(Buffer.from("through a stream"));
    const guest = await start(copyingCommand(version), { stdin, stdout: pipe.output });
    assert.deepEqual(await guest.ended, { kind: "exit", code: 0 });
    assert.deepEqual(pipe.input.read(99), Uint8Array.from(Buffer.from("through a stream")));
  }
});

test("a command of WASI 0.3 that waits gives the thread back, and is ended where it waits", async () => {
  const calls: string[] = [];
  const thread: ThreadWatch = {
    enter: () => void calls.push("enter"),
    leave: () => void calls.push("leave"),
    yield: () => void calls.push("yield"),
  };
  const pipe = createMemoryPipe();
  const guest = await start(copyingCommand(), { stdin: pipe.input, thread });
  await new Promise((resolve) => setImmediate(resolve));
  // Its start functions, and its run up to where it waits.
  assert.deepEqual(calls, ["enter", "leave", "enter", "leave"]);
  pipe.output.write(Buffer.from("x"));
  while (calls.length < 6) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(calls.slice(4), ["enter", "leave"]);
  guest.kill("SIGKILL");
  assert.deepEqual(await guest.ended, { kind: "killed", reason: "SIGKILL" });
});

test("a thousand commands of WASI 0.3 that wait have no timer and nothing due", async () => {
  const plan = await compileComponent(copyingCommand(), { memoryBytesMax });
  const pipes = Array.from({ length: 1_000 }, () => createMemoryPipe());
  const guests = await Promise.all(pipes.map((pipe) => startComponent(plan, { memoryBytesMax, stdin: pipe.input })));
  // Each is up to its wait once all have had their turn; one that ticked would never be.
  do await new Promise((resolve) => setImmediate(resolve));
  while (process.getActiveResourcesInfo().some((name) => name === "Timeout" || name === "Immediate"));
  for (const { output } of pipes) output.close();
  for (const guest of guests) assert.deepEqual(await guest.ended, { kind: "exit", code: 0 });
});
test("what nobody offers is linked as a trap where that is asked for, and ends the guest when it is called", async () => {
  const importing = { interface: "spin:redis/redis@3.0.0", function: "get" };
  const options = { trapsUnknownImports: true };
  const quiet = await start(command("i32.const 0", importing), options);
  assert.deepEqual(await quiet.ended, { kind: "exit", code: 0 });
  const calling = await (await start(command("(call $host (i32.const 7)) i32.const 0", importing), options)).ended;
  assert.equal(calling.kind, "trap");
  assert.match(
    calling.kind === "trap" ? calling.message : "",
    /it called the unknown import "spin:redis\/redis@3\.0\.0#get" \(provided by Spin\)/,
  );
});

/** What a call of an exported function prints. */
async function invoke(bytes: Uint8Array, text: string): Promise<string> {
  const { input, output } = createMemoryPipe();
  const guest = await start(bytes, { invoke: text, stdout: output });
  assert.deepEqual(await guest.ended, { kind: "exit", code: 0 });
  const printed = input.read(1_000);
  return printed instanceof Uint8Array ? Buffer.from(printed).toString() : "";
}

test("an exported function is called with values in WAVE and its answer printed", async () => {
  assert.equal(await invoke(echoComponent(), 'echo("a\\n☃")'), '"a\\n☃"\n');
  assert.equal(await invoke(command("i32.const 1"), "run()"), "err\n");
  assert.equal(await invoke(command("i32.const 0"), "wasi:cli/run@0.2.6#run()"), "ok\n");
});

test("a call of what is not there, or by values of other types, is refused before anything runs", async () => {
  for (const [bytes, text, expected] of [
    [echoComponent(), "other()", { code: "not-found", message: /^call "other": no function .* there are "echo"$/ }],
    [command("i32.const 0"), "a:b/c#run()", { code: "not-found", message: /"wasi:cli\/run@0\.2\.6#run"$/ }],
    [
      echoComponent(),
      "echo(1)",
      { code: "invalid-argument", message: /a string .* at letter "6", where "1\)" stands$/ },
    ],
    [echoComponent(), "echo", { code: "invalid-argument", message: /a call such as/ }],
  ] as const) {
    await assert.rejects(start(bytes, { invoke: text }), expected, text);
  }
});
