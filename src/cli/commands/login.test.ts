import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempDisposableSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { runCli } from "../frame/run-cli.ts";
import { createTestIo, type TestIo } from "../testing/test-io.ts";
import { commands } from "./index.ts";

interface Login {
  readonly code: number;
  readonly io: TestIo;
  /** What the registry was sent in the end, decoded. */
  readonly sent: string;
  readonly kept: string;
}

/** A registry that asks for a password and takes any. */
async function login(typed: string, words = ""): Promise<Login> {
  using home = mkdtempDisposableSync(join(tmpdir(), "kwasm-login-"));
  let sent = "";
  const server = createServer((request, response) => {
    const [, basic] = /^Basic (.*)$/.exec(request.headers.authorization ?? "") ?? [];
    sent = basic === undefined ? sent : Buffer.from(basic, "base64").toString();
    const headers = basic === undefined ? { "www-authenticate": 'Basic realm="test"' } : {};
    response.writeHead(basic === undefined ? 401 : 200, headers).end("{}");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  // A server that listens on TCP has an address of this kind.
  const { port } = server.address() as AddressInfo;
  const io = createTestIo({ cwd: home.path, env: { HOME: home.path }, typed });
  const argv = `login ${words} 127.0.0.1:${port}`.split(" ").filter((word) => word !== "");
  const code = await runCli(argv, commands, io);
  server.closeAllConnections();
  server.close();
  const kept = code === 0 ? readFileSync(join(home.path, ".docker/config.json"), "utf8") : "";
  return { code, io, sent, kept };
}

test("a terminal is asked for user and password, and does not show the password", async () => {
  const { code, io, sent, kept } = await login("ada\nsecret\r");
  assert.equal(code, 0, io.stderrText());
  assert.equal(sent, "ada:secret");
  assert.match(kept, new RegExp(Buffer.from("ada:secret").toString("base64")));
  assert.equal(io.stderrText(), "Username: Password: \n");
  assert.equal(io.stdoutText(), "Login Succeeded!\n");
  assert.deepEqual(io.rawModes, [true, false]);
});

test("only what is missing is asked for", async () => {
  const { sent, io } = await login("secret\n", "-u ada");
  assert.equal(sent, "ada:secret");
  assert.equal(io.stderrText(), "Password: \n");
  const other = await login("", "-u ada -p given");
  assert.equal(other.sent, "ada:given");
  assert.deepEqual(other.io.rawModes, []);
});

test("a password is edited as it is typed", async () => {
  const { sent } = await login("wrong\u0015secreü\u007f\bet\r", "-u ada");
  assert.equal(sent, "ada:secret");
});

test("Ctrl-C ends the question, and the terminal is as before", async () => {
  const { code, io, sent } = await login("secr\u0003et\n", "-u ada");
  assert.notEqual(code, 0);
  assert.equal(sent, "");
  assert.deepEqual(io.rawModes, [true, false]);
});

test("no password, and one that is longer than any, are refused", async () => {
  assert.match((await login("\n", "-u ada")).io.stderrText(), /the password is missing/);
  assert.match((await login(`${"x".repeat(65_537)}\n`, "-u ada")).io.stderrText(), /passes 65536 characters/);
});
