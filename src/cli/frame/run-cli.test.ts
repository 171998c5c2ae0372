import assert from "node:assert/strict";
import { test } from "node:test";

import { KwasmError } from "#base";

import { createTestIo } from "../testing/test-io.ts";
import { defineCommand } from "./command.ts";
import { runCli } from "./run-cli.ts";

/** Prints what it was asked, so that a test sees how the line was understood. */
const echoCommand = defineCommand({
  name: "echo",
  summary: "Show the invocation",
  operands: "[WORD…]",
  description: "Shows the invocation.",
  options: {
    output: { short: "o", value: "FORMAT", summary: "Format" },
    env: { value: "K=V", isRepeatable: true, summary: "Variable" },
    follow: { short: "f", summary: "Follow" },
  },
  async run(invocation, io) {
    io.stdout.write(JSON.stringify(invocation));
    return 0;
  },
});

const launchCommand = defineCommand({
  name: "launch",
  summary: "Give the rest to somebody else",
  operands: "REF [ARG…]",
  description: "Gives the rest to somebody else.",
  options: { env: { value: "K=V", isRepeatable: true, summary: "Variable" } },
  stopsAtOperand: true,
  async run({ operands }, io) {
    io.stdout.write(JSON.stringify(operands));
    return 3;
  },
});

const failCommand = defineCommand({
  name: "fail",
  summary: "Fail",
  operands: "",
  description: "Fails.",
  options: {},
  isHidden: true,
  async run() {
    throw new KwasmError("not-found", 'read pod "a": it does not exist');
  },
});

const commands = [echoCommand, launchCommand, failCommand];

interface Expected {
  readonly code: number;
  readonly stdout?: string | RegExp;
  readonly stderr?: string | RegExp;
}

async function check(line: string, expected: Expected): Promise<void> {
  const io = createTestIo({ env: { HOME: "/home/ada" }, cwd: "/srv" });
  const code = await runCli(line.split(" ").filter(Boolean), commands, io);
  assert.deepEqual([code, io.stderrText() === ""], [expected.code, expected.stderr === undefined], io.stderrText());
  checkText(io.stdoutText(), expected.stdout ?? "");
  checkText(io.stderrText(), expected.stderr ?? "");
}

function checkText(actual: string, expected: string | RegExp): void {
  if (typeof expected === "string") assert.equal(actual, expected);
  else assert.match(actual, expected);
}

const noOptions = { env: [], follow: false };
const homeState = "/home/ada/.local/state/kwasm";

function echoed(options: object, operands: readonly string[], stateDirectory = homeState): string {
  return JSON.stringify({ options, operands, stateDirectory });
}

test("options are understood before and after operands, in every spelling of getopt", async () => {
  await check("echo a b", { code: 0, stdout: echoed(noOptions, ["a", "b"]) });
  for (const spelling of ["-o wide", "-owide", "--output wide", "--output=wide"]) {
    await check(`echo a ${spelling} b`, { code: 0, stdout: echoed({ output: "wide", ...noOptions }, ["a", "b"]) });
  }
  await check("echo --env A=1 -f --env B=2", { code: 0, stdout: echoed({ env: ["A=1", "B=2"], follow: true }, []) });
});

test("a switch may have its value, and the last of several counts", async () => {
  const follow = { code: 0, stdout: echoed({ env: [], follow: true }, []) };
  for (const line of ["--follow=true", "--follow=false --follow"]) await check(`echo ${line}`, follow);
  for (const line of ["--follow=false", "-f --follow=true --follow=false"]) {
    await check(`echo ${line}`, { code: 0, stdout: echoed(noOptions, []) });
  }
  await check("echo --follow=maybe", { code: 2, stderr: /'-f, --follow' does not take an argument/u });
  await check("echo --follows=true", { code: 2, stderr: "error: unknown option '--follows'\n" });
  await check("echo -- --follow=true", { code: 0, stdout: echoed(noOptions, ["--follow=true"]) });
});

test("what follows -- is an operand", async () => {
  await check("echo -- -f", { code: 0, stdout: echoed(noOptions, ["-f"]) });
});

test("the state directory may be given on either side of the command", async () => {
  await check("--state x echo", { code: 0, stdout: echoed(noOptions, [], "/srv/x") });
  await check("echo --state=/y", { code: 0, stdout: echoed(noOptions, [], "/y") });
});

test("a command that stops at its operand leaves the rest untouched", async () => {
  await check("launch --env A=1 guest.wasm --env B=2 -x -- -y", {
    code: 3,
    stdout: '["guest.wasm","--env","B=2","-x","--","-y"]',
  });
  await check("launch -x guest.wasm", { code: 2, stderr: "error: unknown option '-x'\n" });
});

test("an unknown command names the nearest one and exits with 2", async () => {
  await check("ehco", { code: 2, stderr: "error: unknown command \"ehco\": did you mean 'echo'?\n" });
  await check("deploy", { code: 2, stderr: "error: unknown command \"deploy\": see 'kwasm help'\n" });
  await check("fial", { code: 2, stderr: "error: unknown command \"fial\": see 'kwasm help'\n" });
});

test("a wrong option exits with 2 and runs nothing", async () => {
  await check("echo --colour", { code: 2, stderr: "error: unknown option '--colour'\n" });
  await check("echo --output", { code: 2, stderr: /^error: option '-o, --output <value>' argument missing\n$/ });
  await check("echo --follow=1", { code: 2, stderr: /does not take an argument\n$/ });
});

test("help is printed for the program and for a command, by either spelling", async () => {
  for (const line of ["", "help", "--help", "-h"]) {
    await check(line, { code: 0, stdout: /^KWasm .*\n {2}echo {4}Show/s });
  }
  for (const line of ["help echo", "echo --help", "echo -h"]) {
    await check(line, {
      code: 0,
      stdout: /^Usage: kwasm echo \[OPTIONS\] \[WORD…\]\n.*-o, --output FORMAT {2}Format\n/s,
    });
  }
});

test("hidden commands are not listed", async () => {
  await check("help", { code: 0, stdout: /^(?!.*\bfail\b)/s });
});

test("an error is one line on stderr and its code decides the exit code", async () => {
  await check("fail", { code: 1, stderr: 'error: read pod "a": it does not exist\n' });
});

test("colour is for terminals, and not where NO_COLOR is set", async () => {
  for (const [env, isColored] of [
    [{}, true],
    [{ NO_COLOR: "1" }, false],
    [{ NO_COLOR: "" }, true],
    [{ TERM: "dumb" }, false],
  ] as const) {
    const io = createTestIo({ env: { HOME: "/", ...env }, cwd: "/", isTTY: true });
    assert.equal(await runCli(["fail"], commands, io), 1);
    assert.equal(io.stderrText().includes("\u001B["), isColored, JSON.stringify(env));
  }
});
