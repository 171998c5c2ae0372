import assert from "node:assert/strict";
import { test } from "node:test";
import { inboundComponent } from "../component/testing/inbound-component.ts";
import { oldestModule } from "../component/testing/world-module.ts";
import { alwaysReady } from "../host/pollable.ts";
import { ServiceFixture } from "./testing/service-fixture.ts";
import { wholeBodyBytesMax } from "../host/http/index.ts";
import { readWholeRequest } from "./whole-messages.ts";

test("a module of the first SDKs is given whole requests, and its responses go out", async () => {
  await using service = await ServiceFixture.start({}, {}, oldestModule());
  for (const sent of ["", "small", "large ".repeat(30_000)]) {
    const { status, headers, body } = await service.get("/a?b", { method: "POST", body: sent });
    assert.deepEqual([status, headers["x-uri"], body], [201, "/a?b", sent]);
  }
});

test("a method that the interface lacks is answered with 405, and a status that ends no answer fails", async () => {
  await using service = await ServiceFixture.start({}, {}, oldestModule());
  assert.equal((await service.get("/", { method: "TRACE" })).status, 405);
  assert.equal((await service.get("/")).status, 500);
  assert.match(service.readLog(), /answered with the error "HTTP-protocol-error"/u);
});

test("a body that is larger than what is kept whole is refused", async () => {
  const input = {
    isTerminal: false,
    readable: alwaysReady,
    available: () => 1,
    read: () => new Uint8Array(wholeBodyBytesMax / 2),
    close: () => undefined,
  };
  const content = { open: () => input, skip: () => undefined, ended: alwaysReady, trailers: () => [] };
  const head = { method: "PUT", scheme: "http", authority: "a", pathWithQuery: "/", fields: [] };
  await assert.rejects(readWholeRequest(content, head), {
    httpCode: { tag: "HTTP-request-body-size", value: 25_165_824n },
  });
});

test("a component of Spin 1 is given whole requests too", async () => {
  await using service = await ServiceFixture.start({}, {}, inboundComponent());
  const { status, headers, body } = await service.get("/a?b", { method: "POST", body: "sent" });
  assert.deepEqual([status, headers["x-uri"], body], [201, "/a?b", "sent"]);
});
