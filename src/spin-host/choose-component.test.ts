import assert from "node:assert/strict";
import { test } from "node:test";
import type { HttpExchange, HttpProgram } from "#engine";
import type { RouteSpec } from "#spin";
import { chooseComponent } from "./choose-component.ts";

const program = { plan: {} } as HttpProgram;

const routes: readonly RouteSpec[] = [
  { route: "/hello/:my_name/...", answer: { kind: "component", component: "hello" } },
  { route: "/static", answer: { kind: "static", status: 302, headers: [["location", "/x"]], body: "moved" } },
  { route: undefined, answer: { kind: "component", component: "hello" } },
];

interface Asked {
  readonly path: string;
  readonly fields?: readonly (readonly [string, string])[];
}

/** What a component would be told, or what was answered instead. */
function ask({ path, fields = [] }: Asked) {
  let answered: { readonly status: number; readonly fields: unknown; readonly body: string } | undefined;
  const exchange = {
    request: { method: "GET", scheme: "http", authority: "example.com", pathWithQuery: path, fields },
    client: "::1",
    clientPort: 7,
    content: { skip: () => undefined },
    respond(head, content) {
      content.sendTo({
        heldBytes: () => 0,
        begin: () => undefined,
        write: () => undefined,
        end: () => undefined,
        cut: () => undefined,
        sendWhole: (bytes) => (answered = { ...head, body: Buffer.from(bytes).toString() }),
      });
    },
  } as Partial<HttpExchange> as HttpExchange;
  const application = { name: "a", version: "1.0.0", imageDigest: "sha256:1", base: "/base", routes };
  const routed = chooseComponent(
    application,
    new Map([["hello", { program, executor: { kind: "http" } as const }]]),
  )(exchange);
  return { routed, answered };
}

test("a component is told the route that led to it, and nothing that a client says of it", () => {
  const { routed } = ask({
    path: "/base/hello/me/a/b/?x=1",
    fields: [
      ["Accept", "*/*"],
      ["Spin-Path-Info", "/forged"],
      ["spin-other", "forged"],
    ],
  });
  assert.equal(routed?.program, program);
  assert.deepEqual(routed.request.fields, [
    ["Accept", "*/*"],
    ["spin-path-info", "/a/b/"],
    ["spin-full-url", "http://example.com/base/hello/me/a/b/?x=1"],
    ["spin-matched-route", "/base/hello/:my_name/..."],
    ["spin-base-path", "/"],
    ["spin-raw-component-route", "/hello/:my_name/..."],
    ["spin-component-route", "/hello/:my_name"],
    ["spin-client-addr", "[::1]:7"],
    ["spin-path-match-my-name", "me"],
  ]);
});

function check(path: string, expected: { readonly status: number; readonly body: string }): void {
  test(`${path} is answered without a component`, () => {
    const { routed, answered } = ask({ path });
    assert.equal(routed, undefined);
    assert.deepEqual({ ...answered, ...expected }, answered);
  });
}

check("/base/static?x", { status: 302, body: "moved" });
check("/static", { status: 404, body: "" });
check("/base/hello", { status: 404, body: "" });
check("/.well-known/spin/health", { status: 200, body: "OK" });
check("/.well-known/spin/info", {
  status: 200,
  body: '{\n  "name": "a",\n  "version": "1.0.0",\n  "oci_image_digest": "sha256:1"\n}',
});
check("/.well-known/spin/other", { status: 404, body: "" });
