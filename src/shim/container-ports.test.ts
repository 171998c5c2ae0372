import assert from "node:assert/strict";
import { test } from "node:test";

import { listenersOf, PORTS_MAX } from "./container-ports.ts";

function ports(text: string): number[] {
  return listenersOf({ "io.kubernetes.container.ports": text }).map(({ port }) => port);
}

test("each TCP port is one socket", () => {
  assert.deepEqual(listenersOf({}), []);
  assert.deepEqual(listenersOf({ "io.kubernetes.container.ports": "" }), []);
  assert.deepEqual(
    ports(`[{"name":"http","containerPort":8080,"protocol":"TCP"},{"containerPort":9090}]`),
    [8080, 9090],
  );
  assert.deepEqual(ports(`[{"containerPort":53,"protocol":"UDP"},{"containerPort":53,"protocol":"TCP"}]`), [53]);
  assert.deepEqual(ports(`[{"containerPort":80},{"containerPort":80,"hostPort":8080}]`), [80]);
});

test("what is no list of ports is refused with its text", () => {
  for (const text of [
    "{",
    "{}",
    "[1]",
    `[{"containerPort":0}]`,
    `[{"containerPort":65536}]`,
    `[{"containerPort":"80"}]`,
  ]) {
    assert.throws(() => ports(text), { code: "invalid-argument", message: /container\.ports/u });
  }
});

test("a container may have as many ports as the limit and no more", () => {
  const list = Array.from({ length: PORTS_MAX + 1 }, (_, index) => ({ containerPort: index + 1 }));
  assert.equal(ports(JSON.stringify(list.slice(1))).length, PORTS_MAX);
  assert.throws(() => ports(JSON.stringify(list)), { code: "limit-exceeded" });
});
