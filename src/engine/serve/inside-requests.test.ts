import assert from "node:assert/strict";
import { test } from "node:test";
import { compileComponent } from "../component/index.ts";
import { httpComponent } from "../component/testing/http-component.ts";
import { routingGuest } from "../component/testing/http-guests.ts";
import { type HttpExchange, type InsideExchange, OutgoingContent } from "../host/http/index.ts";
import type { HttpProgram } from "./http-program.ts";
import { insideDepthMax, insideMax, InsideRequests } from "./inside-requests.ts";
import { type Answer, ServiceFixture } from "./testing/service-fixture.ts";

/** A service whose guest asks itself: for the path that stands below "guest.test" in its request. */
async function start(options: Parameters<typeof ServiceFixture.start>[0] = {}): Promise<ServiceFixture> {
  const plan = await compileComponent(httpComponent(routingGuest), { memoryBytesMax: 2 ** 24 });
  const program: HttpProgram = {
    plan,
    chooseInside(head) {
      const [name, path = ""] = head.authority?.split("--") ?? [];
      if (name !== "guest") return undefined;
      return {
        head: { ...head, pathWithQuery: `/${path}` },
        client: "0.0.0.0",
        choose: ({ request }) => ({ program, request }),
      };
    },
  };
  return ServiceFixture.startRoutes(program, options);
}

async function check(service: ServiceFixture, path: string, expected: Partial<Answer>): Promise<void> {
  const answer = await service.get(path);
  assert.deepEqual({ ...answer, ...expected }, answer, path);
}

test("a guest's request is answered by another instance of the service, without a socket", async () => {
  await using service = await start();
  await check(service, "/oguest--hello", { status: 200, body: "Hello from WebAssembly\n" });
  await check(service, "/oguest--count", { body: "1" });
  assert.equal(service.guest.memoryBytes(), 0);
});

test("requests that are answered inside wait for no turn, which those who wait for them have", async () => {
  await using service = await start({ concurrencyMax: 1 });
  await check(service, "/oguest--oguest--hello", { status: 200 });
});

test("a guest that fails is told to its asker as a status, and is in the log", async () => {
  await using service = await start();
  // The asker passes on what it got.
  await check(service, "/oguest--trap", { body: "the request failed\n" });
  assert.match(service.readLog(), /GET \/trap: wasm trap/);
});

test("an answer whose guest fails before any of it went out is taken back", async () => {
  await using service = await start();
  await check(service, "/oguest--soon", { body: "the request failed\n" });
});

test("guests that wait for each other without an end are told so", async () => {
  await using service = await ServiceFixture.startRoutes(await loopingProgram(), {});
  // 84 is 48 and the number of the error loop-detected.
  await check(service, "/oguest", { body: "!T" });
  assert.equal(service.guest.memoryBytes(), 0);
});

test("a request that is under way inside is answered before the service has drained", async () => {
  await using service = await start();
  const asked = service.get("/oguest--hello", { agent: false });
  service.guest.kill("SIGTERM");
  // The connection may have come too late.
  await asked.catch(() => undefined);
  assert.deepEqual(await service.guest.ended, { kind: "exit", code: 0 });
});

/** A guest that asks itself for what it was asked. */
async function loopingProgram(): Promise<HttpProgram> {
  const plan = await compileComponent(httpComponent(routingGuest), { memoryBytesMax: 2 ** 24 });
  const program: HttpProgram = {
    plan,
    chooseInside: (head) => ({
      head: { ...head, pathWithQuery: "/oguest" },
      client: "0.0.0.0",
      choose: ({ request }) => ({ program, request }),
    }),
  };
  return program;
}

test("so many requests are answered inside at a time, and so deep, and no more", () => {
  const requests = new InsideRequests();
  const head = { method: "GET", scheme: "http", authority: "a", pathWithQuery: "/", fields: [] };
  const open = (cause?: HttpExchange) => {
    const content = new OutgoingContent();
    const sent = { head, content, connectMs: 60_000, firstByteMs: 60_000, betweenBytesMs: 60_000 };
    return requests.open(sent, { head, client: "-" }, { cause, bodyBytesMax: 1 });
  };
  let cause: InsideExchange | undefined;
  for (let depth = 0; depth < insideDepthMax; depth++) cause = open(cause);
  assert.throws(() => open(cause), { httpCode: { tag: "loop-detected" } });
  const opened = Array.from({ length: insideMax - insideDepthMax }, () => open());
  assert.throws(() => open(), { httpCode: { tag: "connection-limit-reached" } });
  opened[0]?.cancel();
  assert.equal(requests.running, insideMax - 1);
  for (const exchange of [cause, open(), ...opened]) exchange?.cancel();
});
