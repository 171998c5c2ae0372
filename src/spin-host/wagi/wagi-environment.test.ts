import assert from "node:assert/strict";
import { test } from "node:test";
import type { HttpExchange } from "#engine";
import { wagiArguments, wagiEnvironment } from "./wagi-environment.ts";

const match = {
  target: undefined,
  rawRoute: "/shop/:id/...",
  basedRoute: "/base/shop/:id/...",
  rest: "/a%20b",
  named: [["id", "7"]],
} as const;

interface Asked {
  readonly fields?: HttpExchange["request"]["fields"];
  readonly host?: string | undefined;
  readonly pathWithQuery?: string;
}

function environmentOf({ fields = [], host = "example.com:8080", pathWithQuery = "/base/shop/7/a%20b?x=1" }: Asked) {
  const request = { method: "GET", scheme: "http", authority: host, pathWithQuery, fields };
  const exchange = { request, client: "::1", clientPort: 9, protocol: "HTTP/1.1" };
  return Object.fromEntries(wagiEnvironment(exchange, match, { bodyBytes: 3, host: host === "" ? undefined : host }));
}

test("a command is told all that CGI and Spin have of a request", () => {
  assert.deepEqual(environmentOf({ fields: [["Content-Type", "text/plain"]] }), {
    AUTH_TYPE: "",
    CONTENT_LENGTH: "3",
    CONTENT_TYPE: "text/plain",
    GATEWAY_INTERFACE: "CGI/1.1",
    HTTP_CONTENT_TYPE: "text/plain",
    HTTP_HOST: "example.com:8080",
    PATH_INFO: "/a%20b",
    PATH_TRANSLATED: "/a b",
    QUERY_STRING: "x=1",
    REMOTE_ADDR: "::1",
    REMOTE_HOST: "::1",
    REMOTE_USER: "",
    REQUEST_METHOD: "GET",
    SCRIPT_NAME: "/base/shop/:id",
    SERVER_NAME: "example.com",
    SERVER_PORT: "8080",
    SERVER_PROTOCOL: "HTTP/1.1",
    SERVER_SOFTWARE: "WAGI/1",
    X_BASE_PATH: "/",
    X_CLIENT_ADDR: "[::1]:9",
    X_COMPONENT_ROUTE: "/shop/:id",
    X_FULL_URL: "http://example.com:8080/base/shop/7/a%20b?x=1",
    X_MATCHED_ROUTE: "/base/shop/:id/...",
    X_PATH_MATCH_ID: "7",
    X_RAW_COMPONENT_ROUTE: "/shop/:id/...",
    X_RAW_PATH_INFO: "/a%20b",
  });
});

function check(name: string, asked: Asked, expected: Readonly<Record<string, string | undefined>>): void {
  test(name, () => {
    const environment = environmentOf(asked);
    for (const [variable, value] of Object.entries(expected)) assert.equal(environment[variable], value, variable);
  });
}

check(
  "who is asked by its name has no host",
  { host: "" },
  { HTTP_HOST: undefined, SERVER_NAME: "default_host", SERVER_PORT: "80" },
);
check("a client cannot set what libraries read", { fields: [["Proxy", "http://evil"]] }, { HTTP_PROXY: undefined });
check("credentials are not told", { fields: [["Authorization", "Basic eA=="]] }, { HTTP_AUTHORIZATION: undefined });
check("a value that is no text is told as such", { fields: [["x-any", "\u00e9"]] }, { HTTP_X_ANY: "CORRUPT VALUE" });
check(
  "of fields with one name the last one counts",
  {
    fields: [
      ["A", "1"],
      ["a", "2"],
    ],
  },
  { HTTP_A: "2" },
);
check(
  "without a query there is none",
  { pathWithQuery: "/x" },
  { QUERY_STRING: "", X_FULL_URL: "http://example.com:8080/x" },
);

test("the words of a command are those of the manifest, with the path and the query", () => {
  assert.deepEqual(wagiArguments("${SCRIPT_NAME} ${ARGS}", "/a$&b?x=1&y=2"), ["/a$&b", "x=1", "y=2"]);
  assert.deepEqual(wagiArguments("${SCRIPT_NAME} ${ARGS}", "/a"), ["/a", ""]);
  assert.deepEqual(wagiArguments("one", undefined), ["one"]);
});
