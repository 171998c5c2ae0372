import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";
import { join } from "node:path";
import { test } from "node:test";

import { clientComponent, socketErrorCodes } from "../src/engine/component/testing/client-component.ts";
import { KwasmCommand, until } from "./command-fixture.ts";

const kwasm = new KwasmCommand();
const server = await listenHere();
const { port } = server.address() as AddressInfo;
test.after(async () => {
  server.close();
  await kwasm[Symbol.asyncDispose]();
});

/** Answers "you said" and what it got. */
async function listenHere(): Promise<Server> {
  const listening = createServer({ allowHalfOpen: true }, (socket) => {
    const chunks: Buffer[] = [];
    socket.on("error", () => undefined);
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    socket.on("end", () => socket.end(`you said ${Buffer.concat(chunks).toString()}`));
  }).listen(0, "127.0.0.1");
  await once(listening, "listening");
  return listening;
}

/** What the client prints where it fails with that code. */
function failure(code: (typeof socketErrorCodes)[number]): string {
  return `!${String.fromCodePoint(97 + socketErrorCodes.indexOf(code))}\n`;
}

for (const host of ["127.0.0.1", "localhost", "169.254.169.254"]) {
  kwasm.write(`${host}.wasm`, clientComponent({ host, port, text: "hello" }));
}

/** Runs the client of that host with those options. */
async function check(host: string, options: readonly string[], expected: string): Promise<void> {
  const { stdout, stderr, code } = await kwasm.run(["run", ...options, join(kwasm.directory, `${host}.wasm`)]);
  assert.deepEqual({ stdout, stderr, code }, { stdout: expected, stderr: "", code: expected.startsWith("!") ? 1 : 0 });
}

test("a component connects where an option allows it, by address and by name", async () => {
  await check("127.0.0.1", ["--allow-outbound", `127.0.0.1:${port}`], "you said hello");
  await check("localhost", ["--allow-outbound", `tcp://localhost:${port}`], "you said hello");
  await check("localhost", ["--network"], "you said hello");
});

test("what no option allows is denied, and the metadata of clouds with every option", async () => {
  await check("127.0.0.1", [], failure("access-denied"));
  await check("localhost", [], failure("access-denied"));
  await check("127.0.0.1", ["--allow-outbound", `127.0.0.1:${port === 1 ? 2 : 1}`], failure("access-denied"));
  await check("localhost", ["--allow-outbound", "127.0.0.1"], failure("access-denied"));
  await check("169.254.169.254", ["--network"], failure("access-denied"));
});

test("a connection that nobody takes is refused, not denied", async () => {
  const closed = await listenHere();
  const target = { host: "127.0.0.1", port: (closed.address() as AddressInfo).port, text: "x" };
  closed.close();
  await once(closed, "close");
  kwasm.write("refused.wasm", clientComponent(target));
  await check("refused", ["--network"], failure("connection-refused"));
});

function pod(name: string, annotations: string): string {
  return `apiVersion: v1
kind: Pod
metadata: { name: ${name}${annotations} }
spec:
  restartPolicy: Never
  containers: [{ name: one, image: "client:v1" }]
`;
}

test("pods of kwasm up connect to the hosts of their annotation, and to none without it", async () => {
  kwasm.write("pods/client.wasm", clientComponent({ host: "localhost", port, text: "hello" }));
  const annotations = `, annotations: { kwasm.sh/allowed-outbound-hosts: "other.test, localhost:${port}" }`;
  kwasm.write("pods/pods.yaml", [pod("granted", annotations), pod("denied", "")].join("---\n"));
  const up = await kwasm.run(["up", "-d", "pods"], { cwd: kwasm.directory });
  assert.match(up.stdout, /pod\/granted created/u, up.stderr);
  await kwasm.podsOnce("both pods have ended", (pods) => {
    return pods.length === 2 && pods.every(({ status }) => ["Succeeded", "Failed"].includes(status?.phase ?? ""));
  });
  await until(
    () => "the logs of both pods are whole",
    async () => (await kwasm.run(["logs", "granted"])).stdout.startsWith("you said hello"),
  );
  assert.equal((await kwasm.run(["logs", "denied"])).stdout, failure("access-denied"));
});
