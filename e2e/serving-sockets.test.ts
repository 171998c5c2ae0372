import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";

import { echoServer } from "../src/engine/component/testing/echo-server.ts";
import { KwasmCommand, until } from "./command-fixture.ts";

const kwasm = new KwasmCommand();
test.after(() => kwasm[Symbol.asyncDispose]());

/** A port of this machine that nobody has. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** Sends a text, ends its half, and answers with all that came back. */
async function ask(port: number, sent: string): Promise<string | undefined> {
  const client = connect({ host: "127.0.0.1", port, allowHalfOpen: true });
  try {
    await once(client, "connect");
  } catch {
    return undefined;
  }
  client.end(sent);
  return text(client);
}

for (const version of ["0.3.0", "0.3.0-rc-2026-03-15"]) {
  test(`a component of WASI ${version} sends back what it receives, up to the end of either half`, async () => {
    const port = await freePort();
    kwasm.write("echo.wasm", echoServer(port, version));
    const options = ["--allow-bind", `127.0.0.1:${port}`];
    const running = kwasm.run(["run", ...options, join(kwasm.directory, "echo.wasm")]);
    // More than all buffers on the way hold, so that it is moved as it is read.
    const sent = "0123456789abcdef".repeat(131_072);
    let answer: string | undefined;
    await until(
      () => "the component listens",
      async () => {
        answer = await ask(port, sent);
        return answer !== undefined;
      },
    );
    assert.equal(answer === sent, true);
    assert.deepEqual(await running, { stdout: "", stderr: "", code: 0 });
  });
}
