import assert from "node:assert/strict";
import { test } from "node:test";
import { compileModule } from "../component/index.ts";
import { oldestMessageModule } from "../component/testing/message-components.ts";
import { createMemoryPipe } from "../host/index.ts";
import type { HttpProgram } from "./http-program.ts";
import { serveRoutes } from "./http-service.ts";
import type { MessageSink } from "./messages.ts";
import { httpServiceDefaults } from "./service-options.ts";

const memoryBytesMax = 2 ** 24;
const plan = await compileModule(oldestMessageModule(), { memoryBytesMax });

/** A service that has no port, and where its messages come from. */
async function start(limits = {}, atStop: readonly string[] = []) {
  assert.ok(plan);
  const program: HttpProgram = { plan, takesMessages: true };
  const log = createMemoryPipe(65_536);
  let sink: MessageSink | undefined;
  const delivered: Promise<void>[] = [];
  const deliver = (text: string): void => {
    assert.ok(sink);
    delivered.push(sink.deliver({ program, channel: "news", payload: Buffer.from(text) }));
  };
  const source = {
    start: (given: MessageSink) => void (sink = given),
    stop: () => atStop.forEach((text) => deliver(text)),
  };
  const config = { memoryBytesMax, stderr: log.output, http: { ...httpServiceDefaults, ...limits } };
  const guest = await serveRoutes([program], () => undefined, { ...config, sources: [source] });
  const readText = (): string => {
    const bytes = log.input.read(65_536);
    return bytes instanceof Uint8Array ? Buffer.from(bytes).toString() + readText() : "";
  };
  const readLog = (): readonly string[] => readText().trimEnd().split("\n");
  return { guest, deliver, delivered, readLog };
}

test("a module of the first SDKs is given messages, and what goes wrong with one is logged", async () => {
  const { guest, deliver, delivered, readLog } = await start();
  for (const text of ["a", "!", "t", "b"]) deliver(text);
  await Promise.all(delivered);
  const [failed, trapped, ...others] = readLog();
  assert.equal(failed, "error: message news: the guest answered with an error");
  assert.match(trapped ?? "", /^error: message news: .*unreachable/u);
  assert.ok(others.every((line) => !line.startsWith("error:")));
  guest.kill("SIGTERM");
  assert.deepEqual(await guest.ended, { kind: "exit", code: 0 });
});

test("a message that finds no place to wait is lost, and the log says so", async () => {
  const { guest, deliver, delivered, readLog } = await start({ concurrencyMax: 1, queueMax: 1 });
  for (const text of ["a", "b", "c"]) deliver(text);
  await Promise.all(delivered);
  assert.deepEqual(readLog(), ["error: message news: too many messages and requests are waiting, so it is lost"]);
  guest.kill("SIGTERM");
  await guest.ended;
});

test("a service that is to end handles what its sources still hold, and ends", async () => {
  const { guest, readLog } = await start({ concurrencyMax: 1 }, ["!", "!"]);
  guest.kill("SIGTERM");
  assert.deepEqual(await guest.ended, { kind: "exit", code: 0 });
  assert.equal(readLog().length, 2);
});

test("a service that is ended at once gives up what waits", async () => {
  const { guest, deliver, delivered, readLog } = await start({ concurrencyMax: 1 });
  for (const text of ["a", "!"]) deliver(text);
  guest.kill("SIGKILL");
  assert.deepEqual(await guest.ended, { kind: "killed", reason: "SIGKILL" });
  await Promise.all(delivered);
  assert.doesNotMatch(readLog().join("\n"), /answered with an error/u);
});
