import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempDisposableSync, readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { text } from "node:stream/consumers";

import { Machine } from "./machine-fixture.ts";

const example = resolve(import.meta.dirname, "../examples/quickstart");
const source = join(example, "hello/hello.c");
const built = join(example, "hello/hello.wasm");

test("hello.wasm is what the command in the example's README makes of hello.c", () => {
  const [command] =
    /^ *clang-\d+ .+ -o hello\.wasm hello\.c$/m.exec(readFileSync(join(example, "README.md"), "utf8")) ?? [];
  const [compiler = "", ...words] = command?.trim().split(" ") ?? [];
  using folder = mkdtempDisposableSync(join(tmpdir(), "kwasm-hello-"));
  copyFileSync(source, join(folder.path, "hello.c"));
  execFileSync(compiler, words, { cwd: folder.path });
  const isSame = readFileSync(join(folder.path, "hello.wasm")).equals(readFileSync(built));
  assert.ok(
    isSame,
    `hello.wasm is not built of hello.c: run its command in "${join(example, "hello")}" and commit both`,
  );
});

/** The hello guest of one pod, with the port that it is served on. */
async function startHello(machine: Machine): Promise<{ readonly id: string; readonly port: number }> {
  const [port = 0] = await machine.addGroup("web", [{ address: "127.0.0.1", port: 0 }]);
  const file = { name: "hello", path: built };
  const id = await machine.startModule("web", file, { env: [["HOSTNAME", "pod-1"]] });
  return { id, port };
}

function send(port: number, request: string): Socket {
  const socket = connect({ host: "127.0.0.1", port, allowHalfOpen: true });
  socket.write(request);
  return socket;
}

/** The whole answer; the guest ends the connection after it. */
async function ask(port: number, request: string): Promise<string> {
  const socket = send(port, request);
  const answer = await text(socket);
  socket.end();
  return answer;
}

test("hello answers each request by its method and path, and closes the connection", async (context) => {
  await using machine = new Machine();
  const { id, port } = await startHello(machine);
  async function check(request: string, expected: RegExp): Promise<void> {
    await context.test(JSON.stringify(request.slice(0, 40)), async () => {
      assert.match(await ask(port, request), expected);
    });
  }
  const host = "Host: x\r\n\r\n";
  await check(`GET / HTTP/1.1\r\n${host}`, /^HTTP\/1\.1 200 OK\r\n[^]*Connection: close\r\n\r\nHello from pod-1\n$/);
  await check(`GET /?q=1 HTTP/1.1\r\n${host}`, /^HTTP\/1\.1 200 [^]*\nHello from pod-1\n$/);
  await check("GET / HTTP/1.0\r\n\r\n", /^HTTP\/1\.1 200 /);
  await check(`HEAD / HTTP/1.1\r\n${host}`, /^HTTP\/1\.1 200 [^]*Content-Length: 17\r\n[^]*\r\n\r\n$/);
  await check(`GET /healthz HTTP/1.1\r\n${host}`, /^HTTP\/1\.1 200 [^]*\nok\n$/);
  await check(`GET /other HTTP/1.1\r\n${host}`, /^HTTP\/1\.1 404 /);
  await check(`POST / HTTP/1.1\r\nContent-Length: 3\r\n${host}abc`, /^HTTP\/1\.1 405 [^]*\r\nAllow: GET, HEAD\r\n/);
  await check("GET / HTTP/1.1\r\n\r\n", /^HTTP\/1\.1 400 /);
  await check(`GET / HTTP/2.0\r\n${host}`, /^HTTP\/1\.1 400 /);
  await check(`GET /\n200 HTTP/1.1\r\n${host}`, /^HTTP\/1\.1 400 /);
  await check("nonsense\r\n\r\n", /^HTTP\/1\.1 400 /);
  await check(`GET / HTTP/1.1\r\nA: \0\r\n${host}`, /^HTTP\/1\.1 400 /);
  await check(`GET / HTTP/1.1\r\nA: ${"a".repeat(4096)}`, /^HTTP\/1\.1 431 /);

  await machine.runtime.killWorkload(id, "SIGTERM");
  const log = readFileSync(machine.logPath(id), "utf8");
  assert.match(log, / stdout F GET \/ 200\n[^]* F GET \/other 404\n[^]* F POST \/ 405\n[^]* F - - 400\n/);
});

test("a client that is slow, or goes away, holds nobody up", async () => {
  await using machine = new Machine();
  const { port } = await startHello(machine);
  const request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
  const slow = send(port, request.slice(0, 10));
  const gone = send(port, request.slice(0, 10));
  gone.resetAndDestroy();
  const answers = await Promise.all(Array.from({ length: 200 }, () => ask(port, request)));
  assert.ok(answers.every((answer) => answer.endsWith("\nHello from pod-1\n")));
  slow.end(request.slice(10));
  assert.match(await text(slow), /\nHello from pod-1\n$/);
});
