import assert from "node:assert/strict";
import { test } from "node:test";
import { earlyHandler } from "../component/testing/early-handler.ts";
import { httpComponent } from "../component/testing/http-component.ts";
import { routingGuest } from "../component/testing/http-guests.ts";
import { ServiceFixture } from "./testing/service-fixture.ts";

test("a handler of the candidate of October 2023 answers with its status, fields and body", async () => {
  await using service = await ServiceFixture.start({}, {}, earlyHandler());
  const { status, headers, body } = await service.get("/");
  assert.deepEqual([status, headers["x-early"], body], [203, "yes", "as it was"]);
});

test("a handler of the candidate of November 2023 answers as one of 0.2 does", async () => {
  await using service = await ServiceFixture.start({}, {}, httpComponent(routingGuest, "0.2.0-rc-2023-11-10"));
  assert.equal((await service.get("/hello")).body, "Hello from WebAssembly\n");
});

test("a candidate that is not offered is refused with its name and what to do", async () => {
  const component = httpComponent(routingGuest, "0.2.0-rc-2023-12-05");
  await assert.rejects(
    ServiceFixture.start({}, {}, component),
    /"wasi:http\/types@0\.2\.0-rc-2023-12-05" \(provided by a host of that release candidate; build it anew\)/u,
  );
});
