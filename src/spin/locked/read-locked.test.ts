import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { type ErrorCode, KwasmError } from "#base";
import { spinLimits } from "../limits.ts";
import { readLockedApplication } from "./read-locked.ts";

const digest = `sha256:${"a".repeat(64)}`;

/** As `spin registry push` writes it. */
const locked = {
  spin_lock_version: 1,
  must_understand: ["host_requirements"],
  metadata: {
    name: "shop",
    version: "1.0.0",
    description: "",
    trigger: { base: "/api" },
    oci_image_digest: "sha256:1",
  },
  host_requirements: { local_service_chaining: "required", other: "optional" },
  variables: { host: { default: "example.com" }, token: { secret: true } },
  triggers: [
    {
      id: "trigger--shop",
      trigger_type: "http",
      trigger_config: { component: "shop", executor: null, route: "/..." },
    },
  ],
  components: [
    {
      id: "shop",
      metadata: {
        allowed_outbound_hosts: ["https://{{ host }}"],
        key_value_stores: ["default"],
        databases: ["default"],
        ai_models: ["llama2-chat"],
        build: { command: "cargo build" },
      },
      source: { content_type: "application/wasm", digest },
      env: { MODE: "test" },
      files: [
        { digest, path: "static/a.txt" },
        { inline: "aGVsbG8=", path: "static/b.txt" },
        { source: "file:///srv/my%20files", path: "/" },
      ],
      config: { url: "{{ host }}" },
      dependencies: {
        "a:b/c": { source: { content_type: "application/wasm", digest }, inherit: "All" },
        "d-e": { source: { digest }, export: "f:g/h", inherit: { Some: ["files"] } },
      },
    },
  ],
  unknown: 1,
};

test("a locked application is read with every field", () => {
  const read = readLockedApplication(JSON.stringify(locked));
  assert.deepEqual(read, {
    name: "shop",
    version: "1.0.0",
    description: "",
    imageDigest: "sha256:1",
    httpBase: "/api",
    variables: new Map([
      ["host", { default: "example.com", isSecret: false, description: "" }],
      ["token", { isSecret: true, description: "" }],
    ]),
    triggers: [
      {
        kind: "http",
        id: "trigger--shop",
        route: "/...",
        answer: { kind: "component", component: "shop", executor: { kind: "http" } },
      },
    ],
    components: [
      {
        id: "shop",
        description: "",
        source: { kind: "digest", digest },
        environment: [["MODE", "test"]],
        files: [
          { kind: "content", content: { kind: "digest", digest }, path: "static/a.txt" },
          { kind: "content", content: { kind: "inline", bytes: Buffer.from("hello") }, path: "static/b.txt" },
          { kind: "directory", source: "/srv/my files", destination: "/" },
        ],
        excludeFiles: [],
        allowedOutboundHosts: ["https://{{ host }}"],
        keyValueStores: ["default"],
        sqliteDatabases: ["default"],
        aiModels: ["llama2-chat"],
        variables: [["url", "{{ host }}"]],
        dependencies: [
          { name: "a:b/c", source: { kind: "digest", digest }, inherits: "all" },
          { name: "d-e", source: { kind: "digest", digest }, export: "f:g/h", inherits: ["files"] },
        ],
      },
    ],
  });
});

function checkRefused(title: string, changes: object, code: ErrorCode, message: RegExp): void {
  test(`refused: ${title}`, () => {
    const text = JSON.stringify({ ...locked, ...changes });
    assert.throws(() => readLockedApplication(text), { name: "KwasmError", code, message });
  });
}

const [component] = locked.components;
checkRefused("another version", { spin_lock_version: 2 }, "unsupported", /spin_lock_version 2 is not known/);
checkRefused("what is not understood", { must_understand: ["x"] }, "unsupported", /"x".*is needed and not offered/);
checkRefused("a feature", { host_requirements: { x: "required" } }, "unsupported", /is needed and not offered/);
checkRefused(
  "a digest that is none",
  { components: [{ ...component, source: { digest: "sha256:1" } }] },
  "invalid-argument",
  /a digest of sha256/,
);
checkRefused(
  "content from elsewhere",
  { components: [{ ...component, source: { source: "https://example.com/a.wasm" } }] },
  "unsupported",
  /is no file/,
);
checkRefused("two of one name", { components: [component, component] }, "invalid-argument", /is there twice/);

function inline(bytes: number): string {
  const files = [{ inline: Buffer.alloc(bytes).toString("base64"), path: "a" }];
  return JSON.stringify({ ...locked, components: [{ ...component, files }] });
}

test("channels of a locked application are read, with the address of all of them", () => {
  const config = { component: "shop", channel: "orders", address: null };
  const triggers = [{ id: "r", trigger_type: "redis", trigger_config: config }];
  const metadata = { ...locked.metadata, triggers: { redis: { address: "redis://cache" } } };
  const read = readLockedApplication(JSON.stringify({ ...locked, metadata, triggers }));
  assert.equal(read.redisAddress, "redis://cache");
  assert.deepEqual(read.triggers, [{ kind: "redis", id: "r", component: "shop", channel: "orders" }]);
});

test("content that stands inline has a limit", () => {
  assert.equal(readLockedApplication(inline(spinLimits.inlineBytesMax)).components.length, 1);
  assert.throws(() => readLockedApplication(inline(spinLimits.inlineBytesMax + 1)), { code: "limit-exceeded" });
});

test("whatever is in it, a locked application is read or refused with a typed error", () => {
  const keys = [...Object.keys(locked), ...Object.keys(component ?? {}), "id", "route", "inline", "source"];
  const documents = fc.record(
    Object.fromEntries(
      Object.entries(locked).map(([key, value]) => [key, fc.oneof(fc.constant(value), fc.jsonValue())]),
    ),
    { requiredKeys: [] },
  );
  const damaged = fc.tuple(documents, fc.dictionary(fc.constantFrom(...keys), fc.jsonValue()));
  fc.assert(
    fc.property(damaged, ([document, more]) => {
      try {
        readLockedApplication(JSON.stringify({ ...document, ...more }));
      } catch (error) {
        assert.ok(error instanceof KwasmError && error.code !== "internal", String(error));
      }
    }),
  );
});
