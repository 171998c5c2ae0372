import assert from "node:assert/strict";
import { test } from "node:test";
import { GuestNetwork, type HttpExchange, HttpFailure, type HttpProgram, parseNetworkRules } from "#engine";
import type { ServedComponent } from "./route-request.ts";
import { chooseInsideOf } from "./inside-requests.ts";

const component: ServedComponent = { program: { plan: {} } as HttpProgram, executor: { kind: "http" } };

interface Asked {
  readonly authority?: string | undefined;
  readonly path?: string;
  readonly scheme?: string;
  readonly outbound?: readonly string[];
  readonly selfSchemes?: readonly string[];
}

/** What is asked instead, or the error that the component is told; undefined for what goes out. */
function ask({ authority, path = "/a/b?c", scheme = "http", outbound = [], selfSchemes = [] }: Asked) {
  const choose = chooseInsideOf({
    facts: { selfSchemes },
    network: new GuestNetwork({ policy: parseNetworkRules({ outbound, binds: [] }) }),
    served: new Map([["back-end", component]]),
    choosePublic: () => undefined,
    ownAuthority: "127.0.0.1:3000",
  });
  try {
    return choose({ method: "GET", scheme, authority, pathWithQuery: path, fields: [["accept", "*/*"]] });
  } catch (thrown) {
    if (thrown instanceof HttpFailure) return thrown.httpCode.tag;
    throw thrown;
  }
}

function check(name: string, asked: Asked, expected: unknown): void {
  test(name, () => {
    const found = ask(asked);
    assert.deepEqual(typeof found === "object" ? [found.head.scheme, found.head.authority] : found, expected);
  });
}

const backEnd = "back-end.spin.internal";
check(
  "a component is asked by its name where a rule allows it",
  { authority: backEnd, outbound: [`http://${backEnd}`] },
  ["http", backEnd],
);
check("a rule for all components allows it", { authority: backEnd, outbound: ["http://*.spin.internal"] }, [
  "http",
  backEnd,
]);
check("so does a rule for all hosts", { authority: backEnd, outbound: ["*://*:*"] }, ["http", backEnd]);
check(
  "without a rule it is denied",
  { authority: backEnd, outbound: ["http://other.spin.internal"] },
  "HTTP-request-denied",
);
check(
  "a rule for another scheme does not allow it",
  { authority: backEnd, outbound: [`https://${backEnd}`] },
  "HTTP-request-denied",
);
check(
  "a rule for another port does not allow it",
  { authority: `${backEnd}:81`, outbound: [`http://${backEnd}`] },
  "HTTP-request-denied",
);
check(
  "a component that is not there is not found",
  { authority: "x.spin.internal", outbound: ["*://*:*"] },
  "destination-not-found",
);
check("the application itself is asked without a host", { selfSchemes: ["http"] }, ["http", "127.0.0.1:3000"]);
check("or by the name that stands for it", { authority: "self.alt", selfSchemes: ["*"] }, ["http", "127.0.0.1:3000"]);
check("whatever the scheme is", { scheme: "https", selfSchemes: ["https"] }, ["http", "127.0.0.1:3000"]);
check("without a rule for itself it is denied", { outbound: ["*://*:*"] }, "HTTP-request-denied");
check("other hosts are asked by the network", { authority: "example.com" }, undefined);

test("who is asked by its name is told a route for every path, and nothing that its asker says of it", () => {
  const found = ask({ authority: backEnd, outbound: ["*://*:*"] });
  assert.ok(typeof found === "object");
  const { head: request, client } = found;
  const exchange = { request: { ...request, fields: [["Spin-Base-Path", "/x"]] }, client, clientPort: 0 };
  assert.deepEqual(found.choose(exchange as unknown as HttpExchange)?.request.fields, [
    ["spin-path-info", "/a/b"],
    ["spin-full-url", "http://localhost/a/b?c"],
    ["spin-matched-route", "/..."],
    ["spin-base-path", "/"],
    ["spin-raw-component-route", "/..."],
    ["spin-component-route", ""],
    ["spin-client-addr", "0.0.0.0:0"],
  ]);
});
