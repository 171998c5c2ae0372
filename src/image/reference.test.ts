import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { KwasmError } from "#base";
import { formatReference, meaningsOf, parseLocalName } from "./reference.ts";

const digest = `sha256:${"0123456789abcdef".repeat(4)}`;

function checkMeanings(text: string, expected: readonly string[]): void {
  test(`"${text}" means ${expected.join(" or ")}`, () => {
    assert.deepEqual(meaningsOf(text).map(formatReference), expected);
  });
}

checkMeanings("hello", ["localhost/hello:latest", "docker.io/library/hello:latest"]);
checkMeanings("hello:v1", ["localhost/hello:v1", "docker.io/library/hello:v1"]);
checkMeanings("team/hello", ["localhost/team/hello:latest", "docker.io/team/hello:latest"]);
checkMeanings("localhost/hello", ["localhost/hello:latest"]);
checkMeanings("localhost:5000/hello", ["localhost:5000/hello:latest"]);
checkMeanings("docker.io/hello", ["docker.io/library/hello:latest"]);
checkMeanings("index.docker.io/hello", ["docker.io/library/hello:latest"]);
checkMeanings("ghcr.io/x/y:z", ["ghcr.io/x/y:z"]);
checkMeanings("[::1]:5000/a", ["[::1]:5000/a:latest"]);
checkMeanings(`ghcr.io/x/y@${digest}`, [`ghcr.io/x/y@${digest}`]);
checkMeanings(`ghcr.io/x/y:z@${digest}`, [`ghcr.io/x/y:z@${digest}`]);
checkMeanings("a__b--c.d_e", ["localhost/a__b--c.d_e:latest", "docker.io/library/a__b--c.d_e:latest"]);

function checkRefused(text: string, code = "invalid-argument"): void {
  test(`"${text.slice(0, 40)}" is refused as ${code}`, () => {
    assert.throws(() => meaningsOf(text), { name: "KwasmError", code });
  });
}

checkRefused("");
checkRefused("Hello");
checkRefused("../etc/passwd");
checkRefused("a/../b");
checkRefused("a//b");
checkRefused("/a");
checkRefused("a/");
checkRefused("a:");
checkRefused("a:-tag");
checkRefused("a@sha256:12");
checkRefused("a@md5:12");
checkRefused("a b");
checkRefused("a._b");
checkRefused("ghcr..io/a");
checkRefused("-.io/a");
checkRefused("a\n");
checkRefused(`a:${"t".repeat(129)}`);
checkRefused("a".repeat(256));
checkRefused("a".repeat(10_000), "limit-exceeded");

test("what is built gets podman's localhost name, and a digest cannot be chosen", () => {
  assert.equal(formatReference(parseLocalName("hello")), "localhost/hello:latest");
  assert.equal(formatReference(parseLocalName("ghcr.io/a/b:v2")), "ghcr.io/a/b:v2");
  assert.throws(() => parseLocalName(`hello@${digest}`), { code: "invalid-argument" });
});

const component = fc.stringMatching(/^[a-z0-9]{1,8}(?:[._-][a-z0-9]{1,4})?$/);
const registry = fc.constantFrom("ghcr.io", "localhost:5000", "docker.io", "localhost", "registry.k8s.io:443");
const tag = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,20}$/);

test("a whole name means itself: formatting and reading it again changes nothing", () => {
  const names = fc.tuple(registry, fc.array(component, { minLength: 2, maxLength: 4 }), tag);
  fc.assert(
    fc.property(names, ([host, path, version]) => {
      const text = `${host}/${path.join("/")}:${version}`;
      assert.deepEqual(meaningsOf(text).map(formatReference), [text]);
    }),
  );
});

test("any text is either refused by a typed error or read to whole names that mean themselves", () => {
  const unit = fc.constantFrom("a", "Z", "0", ".", "/", ":", "@", "-", "_", "[", "]", " ", "..", "sha256:");
  const characters = fc.string({ unit, maxLength: 60 });
  fc.assert(
    fc.property(characters, (text) => {
      let meanings;
      try {
        meanings = meaningsOf(text);
      } catch (error) {
        assert.ok(error instanceof KwasmError);
        return;
      }
      for (const meaning of meanings) assert.deepEqual(meaningsOf(formatReference(meaning)), [meaning]);
    }),
    { numRuns: 2000 },
  );
});
