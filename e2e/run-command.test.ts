import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { get, type IncomingMessage } from "node:http";
import { once } from "node:events";
import { join } from "node:path";
import { test } from "node:test";
import { text } from "node:stream/consumers";

import { command } from "../src/engine/component/testing/command-component.ts";
import { echoComponent } from "../src/engine/component/testing/sample-components.ts";
import { endOf, type Expected, KwasmCommand, outputOnce, root } from "./command-fixture.ts";

const guests = ["cat", "hog", "spinner", "ticker", "trapper", "words", "writer"];

/** A file that cannot be opened for writing, because its directory was granted read-only. */
const ERRNO_ROFS = 69;

const kwasm = new KwasmCommand();
test.after(() => kwasm[Symbol.asyncDispose]());
for (const name of guests) kwasm.writeGuest(name);
kwasm.write("text.wasm", "no module");
kwasm.write("module with spaces.wasm", readFileSync(join(kwasm.directory, "words.wasm")));
mkdirSync(join(kwasm.directory, "granted"));

async function check(line: string, expected: Expected, input = ""): Promise<void> {
  await kwasm.check(`run ${line}`, expected, { cwd: kwasm.directory, env: { OWN: "mine" }, input });
}

/** What `words.wasm` writes. */
function words(...list: readonly string[]): string {
  return list.map((word) => `${word}\0`).join("");
}

test("arguments are the guest's from the reference on, and only variables that are given", async () => {
  await check("words.wasm", { stdout: words("words.wasm") });
  await check("words.wasm a -x --env B=1", { stdout: words("words.wasm", "a", "-x", "--env", "B=1") });
  await check("words.wasm -- a -- b", { stdout: words("words.wasm", "a", "--", "b") });
  await check("--argv0 tool ./words.wasm a", { stdout: words("tool", "a") });
  await check("--env A=1 -e OWN -e B=x=y words.wasm", { stdout: words("words.wasm", "A=1", "OWN=mine", "B=x=y") });
});

test("the exit code is the guest's, or says why it has none", async () => {
  await check("trapper.wasm", {
    code: 134,
    stderr: /^error: wasm trap: out of bounds memory access\n {2}0: 0x[0-9a-f]+ - read_out_of_bounds\n/,
  });
  await check("--memory 16Mi hog.wasm", { code: 137, stderr: /^error: .*its limit is 16777216 bytes.*\n.* - hog\n/ });
  await check("--timeout 200ms ticker.wasm", { code: 124, stdout: /^(?:tick\n)*$/, stderr: /^error: .*0\.2 s\n/ });
  await check("--timeout 200ms spinner.wasm", { code: 124, stdout: "", stderr: /^error: .*0\.2 s\n/ });
  await check("text.wasm", { code: 126, stderr: /^error: .*not WebAssembly, it looks like text\n/ });
  await check("granted", { code: 126, stderr: /^error: run "granted": the folder is no OCI image layout/ });
  await check("absent.wasm", { code: 127, stderr: /^error: run "absent\.wasm": there is no such file\n/ });
  await check("absent", { code: 127, stderr: /^error: .*"absent".*kwasm build -t absent\n/ });
});

test("a component that is a command runs as a module does", async () => {
  const exit = { interface: "wasi:cli/exit@0.2.6", function: "exit-with-code" };
  const store = { interface: "wasi:keyvalue/store@0.2.0", function: "open" };
  kwasm.write("fine.wasm", command("i32.const 0"));
  kwasm.write("failing.wasm", command("i32.const 1"));
  kwasm.write("trapping.wasm", command("unreachable"));
  kwasm.write("exiting.wasm", command("(call $host (i32.const 7)) i32.const 0", exit));
  kwasm.write("wanting.wasm", command("i32.const 0", store));
  await check("fine.wasm", {});
  await check("failing.wasm", { code: 1 });
  await check("exiting.wasm", { code: 7 });
  await check("trapping.wasm", { code: 134, stderr: /^error: wasm trap: wasm `unreachable` instruction executed\n/ });
  await check("--trap-unknown-imports wanting.wasm", {});
  await check("wanting.wasm", {
    code: 126,
    stderr: /^error: .*"wasi:keyvalue\/store@0\.2\.0" \(provided by a host of/,
  });
  await check("--listen 127.0.0.1:0 fine.wasm", { stderr: /^Listening on 127\.0\.0\.1:\d+\n$/ });
});

test("a function is called by name, with values and an answer in WAVE", async () => {
  kwasm.write("echo.wasm", echoComponent());
  await check('--invoke echo("☃\\n") echo.wasm', { stdout: '"☃\\n"\n' });
  await check("--invoke _start() words.wasm", { stdout: words("words.wasm") });
  await check("--invoke other() echo.wasm", { code: 126, stderr: /^error: call "other": .* there are "echo"\n/ });
  await check("--invoke echo(1) echo.wasm", { code: 126, stderr: /^error: read a call in WAVE: a string / });
});

test("what cannot be understood exits with 2 and says the option", async () => {
  await check("--memory x words.wasm", { code: 2, stderr: /^error: read --memory "x": / });
  await check("--timeout x words.wasm", { code: 2, stderr: /^error: read --timeout "x": / });
  await check("--listen x words.wasm", { code: 2, stderr: /^error: read --listen "x": / });
  await check("--dir a::b::c words.wasm", { code: 2, stderr: /^error: read --dir "a::b::c": / });
  await check("--allow-outbound a/b words.wasm", { code: 2, stderr: /^error: allow connections to "a\/b": / });
  await check("--allow-bind 8080 words.wasm", { code: 2, stderr: /^error: allow listening on "8080": / });
  await check("--env =x words.wasm", { code: 2, stderr: /^error: read --env "=x": / });
  await check("--colour words.wasm", { code: 2, stderr: /^error: unknown option '--colour'\n/ });
  await kwasm.check("run", { code: 2, stderr: /^error: REF is missing/ });
});

test("standard input is streamed: an answer comes before the next question", async () => {
  const child = kwasm.start(["run", "cat.wasm"], { cwd: kwasm.directory });
  child.stdin.write("one\n");
  const [first] = (await once(child.stdout, "data")) as [Buffer];
  assert.equal(first.toString(), "one\n");
  child.stdin.end("two\n");
  assert.deepEqual(await endOf(child), { code: 0, stdout: "two\n", stderr: "" });
  const large = "0123456789abcdef".repeat(65_536);
  await check("cat.wasm", { stdout: large }, large);
});

test("a directory is granted to write to, or read-only, or not at all", async () => {
  await check("writer.wasm", { code: 8 });
  await check("--dir granted:ro writer.wasm", { code: ERRNO_ROFS });
  await check("--dir granted writer.wasm", {});
  assert.equal(readFileSync(join(kwasm.directory, "granted/out"), "utf8"), "written\n");
  await check("--dir absent writer.wasm", { code: 127, stderr: /^error: .*absent/ });
});

test("SIGINT and SIGTERM end the guest with 128 and their number", async () => {
  for (const [signal, code] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const) {
    for (const guest of ["ticker.wasm", "cat.wasm"]) {
      const child = kwasm.start(["run", "--listen", "127.0.0.1:0", guest], { cwd: kwasm.directory });
      await outputOnce(child.stderr, /^Listening on 127\.0\.0\.1:\d+\n/);
      const ended = once(child, "exit");
      child.stdout.resume();
      child.kill(signal);
      assert.deepEqual(await ended, [code, null], `${guest} by ${signal}`);
    }
  }
});

test("Ctrl-C, which every process of the terminal gets, is told as 130 and not as a failure", async () => {
  const child = kwasm.startGroup(["run", "ticker.wasm"], { cwd: kwasm.directory });
  await once(child.stdout, "data");
  const ended = endOf(child);
  process.kill(-(child.pid ?? 0), "SIGINT");
  const { code, stderr } = await ended;
  assert.deepEqual([code, stderr], [130, ""]);
});

test("a listener is handed in, and a client is answered", async () => {
  const hello = join(root, "examples/quickstart/hello/hello.wasm");
  const child = kwasm.start(["run", "--listen", "127.0.0.1:0", "--env", "HOSTNAME=here", hello]);
  const [, address] = /^Listening on (\S+)\n/.exec(await outputOnce(child.stderr, /\n/)) ?? [];
  const ended = once(child, "exit");
  child.stdout.resume();
  const [response] = (await once(get(`http://${address ?? ""}/`, { agent: false }), "response")) as [IncomingMessage];
  assert.equal(await text(response), "Hello from here\n");
  child.kill("SIGTERM");
  assert.deepEqual(await ended, [143, null]);
});

test("an image runs by its name, by its id, and out of a layout's folder", async () => {
  await kwasm.check("build words.wasm -t words:v1", { stdout: "localhost/words:v1\n" }, { cwd: kwasm.directory });
  await check("words:v1", { stdout: words("/words.wasm") });
  await check("words:v1 a b", { stdout: words("/words.wasm", "a", "b") });
  await check("localhost/words:v1 -- a", { stdout: words("/words.wasm", "a") });
  const spaced = await kwasm.run(["run", "module with spaces.wasm"], { cwd: kwasm.directory });
  assert.deepEqual(spaced, { code: 0, stdout: words("module with spaces.wasm"), stderr: "" });
  const layout = await kwasm.run(["run", join(kwasm.stateDirectory, "images"), "a"]);
  assert.deepEqual(layout, { code: 0, stdout: words("/words.wasm", "a"), stderr: "" });
});
