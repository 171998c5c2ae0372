import assert from "node:assert/strict";
import { test } from "node:test";
import { text } from "node:stream/consumers";
import { setImmediate as breathe } from "node:timers/promises";
import { p3Handler } from "../component/testing/p3-handler.ts";
import { responseTo, ServiceFixture } from "./testing/service-fixture.ts";

test("a handler of WASI 0.3 answers, in any version that toolchains name", async () => {
  for (const version of ["0.3.0", "0.3.2", "0.3.0-rc-2026-03-15"]) {
    await using service = await ServiceFixture.start({}, {}, p3Handler(version));
    const { status, body } = await service.get("/", { method: "POST", body: "to and fro" });
    assert.deepEqual({ status, body }, { status: 200, body: "to and fro" });
    assert.equal(service.guest.memoryBytes(), 0);
  }
});

test("bodies are streamed both ways, after the handler has returned", async () => {
  await using service = await ServiceFixture.start({ reuse: 2 }, {}, p3Handler());
  const sent = service.post("/");
  sent.write("first");
  const response = await responseTo(sent);
  response.setEncoding("utf8");
  const [first] = (await response.take(1).toArray()) as string[];
  assert.equal(first, "first");
  sent.destroy();
  const body = "0123456789".repeat(50_000);
  assert.equal((await service.get("/", { method: "POST", body })).body, body);
});

test("a handler of WASI 0.3 that traps or errs answers as one of 0.2 does", async () => {
  await using service = await ServiceFixture.start({}, {}, p3Handler());
  assert.equal((await service.get("/trap")).status, 500);
  assert.match(service.readLog(), /^error: GET \/trap: wasm trap: wasm `unreachable` instruction executed\n {2}0: /);
  assert.equal((await service.get("/error")).status, 400);
  assert.match(service.readLog(), /the guest answered with the error "HTTP-request-denied"/);
});

test("requests that wait have nothing due, and end with their clients", async () => {
  const count = 100;
  await using service = await ServiceFixture.start({ concurrencyMax: count }, {}, p3Handler());
  const waiting = Array.from({ length: count }, () => service.post("/wait"));
  for (const sent of waiting) {
    sent.on("error", () => undefined);
    sent.end();
  }
  const page = 65_536;
  while (service.guest.memoryBytes() < count * page) await breathe();
  while (process.getActiveResourcesInfo().includes("Immediate")) await breathe();
  for (const sent of waiting) sent.destroy();
  while (service.guest.memoryBytes() > 0) await breathe();
  assert.equal(await text(await responseTo(service.post("/").end("still there"))), "still there");
});
