import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { KwasmError } from "#base";
import { imageLimits } from "../limits.ts";
import { parseConfig, parseIndex, parseManifest } from "./parse.ts";

const digest = `sha256:${"a".repeat(64)}`;

/** Values of every JSON type where documents have a field, right ones among them so that deeper fields are reached. */
const leaf = fc.oneof(
  fc.constantFrom<unknown>(digest, 1, -1, 1.5, 2 ** 60, "", "A=B", null, true, "../x"),
  fc.array(fc.constantFrom<unknown>("x", 1, null, digest), { maxLength: 3 }),
);
const keys = [
  "mediaType",
  "digest",
  "size",
  "annotations",
  "platform",
  "os",
  "Entrypoint",
  "Env",
  "diff_ids",
  "__proto__",
];
const inner = fc.dictionary(fc.constantFrom(...keys), leaf);
const descriptor = fc.record(
  { mediaType: leaf, digest: leaf, size: leaf, annotations: inner, platform: inner },
  { requiredKeys: [] },
);
const field = fc.oneof(leaf, inner, descriptor, fc.array(descriptor, { maxLength: 3 }));
const documentKeys = ["config", "layers", "manifests", "rootfs", "os", "architecture"];
const document = fc.oneof(fc.dictionary(fc.constantFrom(...documentKeys), field), leaf);

const parsers = {
  index: (bytes: Uint8Array) => parseIndex(bytes, "test", imageLimits),
  manifest: (bytes: Uint8Array) => parseManifest(bytes, "test", imageLimits),
  config: (bytes: Uint8Array) => parseConfig(bytes, "test"),
};

function checkParser(name: keyof typeof parsers): void {
  test(`any JSON is read as ${name} or refused by a typed error, and what was read is bounded`, () => {
    fc.assert(
      fc.property(document, (value) => isReadOrRefused(name, Buffer.from(JSON.stringify(value)))),
      { numRuns: 2_000 },
    );
  });
  test(`any bytes are refused as ${name} by a typed error, or read`, () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => isReadOrRefused(name, bytes)));
  });
}

function isReadOrRefused(name: keyof typeof parsers, bytes: Uint8Array): void {
  try {
    const text = JSON.stringify(parsers[name](bytes));
    assert.ok(!text.includes('"digest":"../x"'));
  } catch (error) {
    assert.ok(error instanceof KwasmError, String(error));
    assert.ok(error.code === "corrupt" || error.code === "limit-exceeded");
  }
}

checkParser("index");
checkParser("manifest");
checkParser("config");

test("null and absent fields of a config are empty, as Go's JSON writes them", () => {
  const nothing = parseConfig(Buffer.from("{}"), "test");
  const nulls = '{"config":{"Entrypoint":null,"Env":null,"Labels":null},"rootfs":null,"os":null}';
  assert.deepEqual(parseConfig(Buffer.from(nulls), "test"), nothing);
  assert.equal(nothing.workingDirectory, "/");
});
