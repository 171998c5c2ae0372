import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { KwasmError } from "#base";
import { parseChallenges } from "./challenge.ts";

function check(text: string, expected: readonly (readonly [scheme: string, parameters: object])[]): void {
  test(`the challenge ${text}`, () => {
    const found = parseChallenges(text).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);
    assert.deepEqual(found, expected);
  });
}

check('Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push"', [
  [
    "bearer",
    { realm: "https://auth.docker.io/token", service: "registry.docker.io", scope: "repository:a/b:pull,push" },
  ],
]);
check('Basic realm="Registry Realm"', [["basic", { realm: "Registry Realm" }]]);
check('Negotiate, NTLM dGVzdA==, Basic realm="a \\"b\\"", Bearer realm = x', [
  ["negotiate", {}],
  ["ntlm", {}],
  ["basic", { realm: 'a "b"' }],
  ["bearer", { realm: "x" }],
]);
check(" ,, ", []);

function checkRefused(text: string): void {
  test(`no challenge: ${text}`, () => assert.throws(() => parseChallenges(text), { code: "corrupt" }));
}

checkRefused('Bearer realm="unfinished');
checkRefused('"quoted"');
checkRefused("Basic realm=a service=b");

const token = fc.stringMatching(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,12}$/);
const parameters = fc.uniqueArray(fc.tuple(token, fc.string()), {
  minLength: 1,
  maxLength: 5,
  selector: ([name]) => name.toLowerCase(),
});

test("what was written as challenges is read as the same", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(token, parameters), { maxLength: 4 }), (challenges) => {
      const text = challenges.map(([scheme, pairs]) => {
        const written = pairs.map(([name, value]) => `${name}="${value.replaceAll(/["\\]/g, "\\$&")}"`);
        return `${scheme} ${written.join(", ")}`;
      });
      const expected = challenges.map(([scheme, pairs]) => ({
        scheme: scheme.toLowerCase(),
        parameters: new Map(pairs.map(([name, value]) => [name.toLowerCase(), value])),
      }));
      assert.deepEqual(parseChallenges(text.join(" , ")), expected);
    }),
  );
});

test("any text is read or refused as corrupt", () => {
  const alphabet = fc.constantFrom("a", "B", "=", ",", `"`, " ", "\\", "\t", ";", "/", ":", "Bearer ", "realm=");
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(alphabet).map((parts) => parts.join("")),
      ),
      (text) => {
        try {
          parseChallenges(text);
        } catch (error) {
          assert.ok(error instanceof KwasmError && error.code === "corrupt", String(error));
        }
      },
    ),
  );
});
