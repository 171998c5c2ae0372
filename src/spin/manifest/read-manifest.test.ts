import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { type ErrorCode, KwasmError } from "#base";
import type { SpinApplication } from "../application.ts";
import { spinLimits } from "../limits.ts";
import { readSpinManifest } from "./read-manifest.ts";

const head = 'spin_manifest_version = 2\n[application]\nname = "a"\n';

function check(title: string, text: string, expected: Partial<SpinApplication>): void {
  test(title, () => {
    const read = readSpinManifest(text);
    assert.deepEqual({ ...read, ...expected }, read);
  });
}

const plainComponent = {
  description: "",
  environment: [],
  files: [],
  excludeFiles: [],
  allowedOutboundHosts: [],
  keyValueStores: [],
  sqliteDatabases: [],
  aiModels: [],
  variables: [],
  dependencies: [],
};

check(
  "version 2 with every field",
  `
spin_manifest_version = 2

[application]
name = "shop"
version = "1.2.3"
description = "Sells"
authors = ["a@example.com"]
targets = ["spin-up:3.3", { registry = "r", id = "i" }]

[application.trigger.http]
base = "/api"

[application.trigger.redis]
address = "redis://{{ host }}"

[application.tool.lint]
level = "high"

[variables]
host = { default = "example.com" }
token = { required = true, secret = true, description = "Who asks" }

[[trigger.http]]
id = "shop-route"
route = "/shop/..."
component = "shop"
executor = { type = "wagi", argv = "test \${SCRIPT_NAME}" }

[[trigger.http]]
route = { private = true }
component = { source = "inner.wasm" }

[[trigger.http]]
route = "/old"
static_response = { status_code = 302, headers = { location = "/shop" } }

[[trigger.redis]]
channel = "orders"
component = "shop"

[component.shop]
source = { url = "https://example.com/a.wasm", digest = "sha256:1" }
description = "Answers"
variables = { url = "https://{{ host }}/{{token}}" }
environment = { MODE = "test" }
files = ["static/**/*", { source = "assets", destination = "/assets" }]
exclude_files = ["static/*.md"]
allowed_http_hosts = ["old.example.com:8080", "https://only.example.com"]
allowed_outbound_hosts = ["redis://cache:6379", "https://{{ host }}"]
key_value_stores = ["default", "my-store"]
sqlite_databases = ["default"]
ai_models = ["llama2-chat"]
targets = []
dependencies = { "a:b/c" = { path = "c.wasm" }, "d:e" = ">=1.0" }
dependencies_inherit_configuration = true
[component.shop.build]
command = ["npm install", "npm run build"]
workdir = "shop"
watch = ["src/**/*.ts"]
[component.shop.profile.debug]
source = "debug.wasm"
`,
  {
    name: "shop",
    version: "1.2.3",
    description: "Sells",
    httpBase: "/api",
    variables: new Map([
      ["host", { default: "example.com", isSecret: false, description: "" }],
      ["token", { isSecret: true, description: "Who asks" }],
    ]),
    triggers: [
      {
        kind: "http",
        id: "shop-route",
        route: "/shop/...",
        answer: {
          kind: "component",
          component: "shop",
          executor: { kind: "wagi", argv: "test ${SCRIPT_NAME}", entrypoint: "_start" },
        },
      },
      {
        kind: "http",
        id: "trigger-http-1",
        route: undefined,
        answer: { kind: "component", component: "trigger-http-1-component", executor: { kind: "http" } },
      },
      {
        kind: "http",
        id: "trigger-http-2",
        route: "/old",
        answer: { kind: "static", status: 302, headers: [["location", "/shop"]], body: "" },
      },
      { kind: "redis", id: "trigger-redis-0", component: "shop", channel: "orders" },
    ],
    components: [
      {
        id: "shop",
        description: "Answers",
        source: { kind: "url", url: "https://example.com/a.wasm", digest: "sha256:1" },
        environment: [["MODE", "test"]],
        files: [
          { kind: "pattern", pattern: "static/**/*" },
          { kind: "directory", source: "assets", destination: "/assets" },
        ],
        excludeFiles: ["static/*.md"],
        allowedOutboundHosts: [
          "redis://cache:6379",
          "https://{{ host }}",
          "http://old.example.com:8080",
          "https://old.example.com:8080",
          "https://only.example.com",
        ],
        keyValueStores: ["default", "my-store"],
        sqliteDatabases: ["default"],
        aiModels: ["llama2-chat"],
        variables: [["url", "https://{{ host }}/{{token}}"]],
        dependencies: [
          { name: "a:b/c", source: { kind: "path", path: "c.wasm" }, inherits: "all" },
          {
            name: "d:e",
            source: { kind: "registry", registry: "", package: "d:e", version: ">=1.0" },
            inherits: "all",
          },
        ],
        build: { commands: ["npm install", "npm run build"], workdir: "shop" },
      },
      { ...plainComponent, id: "trigger-http-1-component", source: { kind: "path", path: "inner.wasm" } },
    ],
  },
);

check(
  "version 1, as the image of KWasm's quickstart has it",
  `
spin_version = "1"
authors = ["Fermyon Engineering"]
description = "A simple Spin application."
name = "spin-hello-world"
trigger = { type = "http", base = "/" }
version = "1.0.0"

[[component]]
id = "hello"
source = "target/wasm32-wasi/release/spin_rust_hello.wasm"
config = { greeting = "hi" }
[component.trigger]
route = "/hello"
executor = { type = "spin" }

[[component]]
id = "go_hello"
source = { package = "a:b", version = "1.0.0", registry = "r.example.com" }
[component.trigger]
route = "/go-hello"
`,
  {
    name: "spin-hello-world",
    version: "1.0.0",
    httpBase: "/",
    triggers: [
      {
        kind: "http",
        id: "trigger--hello",
        route: "/hello",
        answer: { kind: "component", component: "hello", executor: { kind: "http" } },
      },
      {
        kind: "http",
        id: "trigger--go-hello",
        route: "/go-hello",
        answer: { kind: "component", component: "go-hello", executor: { kind: "http" } },
      },
    ],
    components: [
      {
        ...plainComponent,
        id: "hello",
        source: { kind: "path", path: "target/wasm32-wasi/release/spin_rust_hello.wasm" },
        variables: [["greeting", "hi"]],
      },
      {
        ...plainComponent,
        id: "go-hello",
        source: { kind: "registry", registry: "r.example.com", package: "a:b", version: "1.0.0" },
      },
    ],
  },
);

check(
  "allowed_http_hosts that allow all",
  `${head}[[trigger.http]]\nroute = "/"\ncomponent = "a"\n[component.a]\nsource = "a"\nallowed_http_hosts = ["insecure:allow-all"]`,
  {
    components: [
      {
        ...plainComponent,
        id: "a",
        source: { kind: "path", path: "a" },
        allowedOutboundHosts: ["http://*:*", "https://*:*"],
      },
    ],
  },
);

function checkRefused(title: string, text: string, message: RegExp, code: ErrorCode = "invalid-argument"): void {
  test(`refused: ${title}`, () => {
    assert.throws(() => readSpinManifest(text), { name: "KwasmError", code, message });
  });
}

const route = '[[trigger.http]]\nroute = "/"\ncomponent = "a"\n';
const component = '[component.a]\nsource = "a.wasm"\n';

check(
  "version 1, with messages",
  `
spin_version = "1"
name = "news"
trigger = { type = "redis", address = "redis://cache" }
[[component]]
id = "news"
source = "news.wasm"
[component.trigger]
channel = "all"
address = "redis://other"
`,
  {
    redisAddress: "redis://cache",
    triggers: [{ kind: "redis", id: "trigger--news", component: "news", channel: "all", address: "redis://other" }],
  },
);

checkRefused("no channel", `${head}[[trigger.redis]]\ncomponent = "a"`, /"channel" is missing/);
checkRefused("no receiver", `${head}[[trigger.redis]]\nchannel = "a"`, /name what is run/);
checkRefused(
  "a channel by a variable that is not there",
  `${head}[[trigger.redis]]\nchannel = "{{ b }}"\ncomponent = "a"\n${component}`,
  /no variable "b"/,
);
checkRefused("no TOML", "a = ", /read "spin.toml": .*line 1/);
checkRefused("no version", 'name = "a"', /"spin_manifest_version" is missing/);
checkRefused("version 3", "spin_manifest_version = 3", /spin_manifest_version = 3 is not known/, "unsupported");
checkRefused(
  "a name that is no text",
  "spin_manifest_version = 2\n[application]\nname = 1\n[trigger]",
  /it is not a text/,
);
checkRefused("no trigger", head, /"trigger" of "spin.toml"/);
checkRefused("a typing error", `${head}${route}${component}enviroment = {}`, /"enviroment".*"environment"/);
checkRefused("a component that is not there", `${head}${route}`, /names no component "a"/);
checkRefused("no component", `${head}[[trigger.http]]\nroute = "/"`, /either "component" or "static_response"/);
checkRefused("route that is public and not", `${head}[[trigger.http]]\nroute = { private = false }`, /either/);
checkRefused(
  "a variable with neither value nor need",
  `${head}${route}${component}[variables]\na = {}`,
  /either "required = true" or a "default"/,
);
checkRefused(
  "a template without its variable",
  `${head}${route}${component}variables = { a = "{{ b }}" }`,
  /no variable "b"/,
);
const dependent = `${head}${route}${component}dependencies_inherit_configuration = false\n[component.a.dependencies]\n`;
checkRefused(
  "inheritance of all and of one",
  `${dependent}"b:c" = { path = "c.wasm", inherit_configuration = true }`,
  /either "inherit_configuration" in each dependency/,
);
checkRefused(
  "an export for a whole package",
  `${dependent}"b:c" = { path = "c.wasm", export = "d" }`,
  /for one interface/,
);
checkRefused("a dependency by a bad name", `${dependent}"b:c@1" = "1.0.0"`, /a name such as/);
checkRefused("a dependency that is not there", `${dependent}"b:c" = { component = "d" }`, /names no component "d"/);
checkRefused(
  "dependencies of a trigger",
  `${head}${route}dependencies = { middleware = [{ component = "a" }] }\n${component}`,
  /dependencies of triggers/,
  "unsupported",
);
checkRefused("open braces", `${head}${route}${component}variables = { a = "{{ b" }`, /is not closed/);
checkRefused("a bad label", `${head}${route}${component}key_value_stores = ["b@d"]`, /a label in kebab-case/);
checkRefused("a bad outbound host", `${head}${route}${component}allowed_outbound_hosts = ["x"]`, /with a scheme/);
checkRefused(
  "a header that HTTP cannot have",
  `${head}[[trigger.http]]\nroute = "/"\nstatic_response = { headers = { a = "b\\r\\nc: d" } }`,
  /a field that HTTP cannot have/,
);
checkRefused("too long a text", "a".repeat(spinLimits.manifestLengthMax + 1), /more than 1048576/, "limit-exceeded");

function withComponents(count: number): string {
  const components = Array.from({ length: count }, (_, index) => `[component.a${String(index)}]\nsource = "a.wasm"\n`);
  return `${head}[[trigger.http]]\nroute = "/"\ncomponent = "a0"\n${components.join("")}`;
}

test("as many components are read as are allowed, and no more", () => {
  const { componentsMax } = spinLimits;
  assert.equal(readSpinManifest(withComponents(componentsMax)).components.length, componentsMax);
  assert.throws(() => readSpinManifest(withComponents(componentsMax + 1)), { code: "limit-exceeded" });
});

test("whatever is written there, a manifest is read or refused with a typed error", () => {
  const words = fc.constantFrom(
    ...'spin_manifest_version|=|2|spin_version|"1"|[application]|name|"a"|[[trigger.http]]|route|component|[component.a]|source|{|}|private|true|[variables]|default|\n|[|]|files|,|static_response|executor|[[component]]|id|trigger|type'.split(
      "|",
    ),
  );
  const manifests = fc.oneof(
    fc.string(),
    fc.array(words).map((all) => `${head}${all.join(" ")}`),
  );
  fc.assert(
    fc.property(manifests, (text) => {
      try {
        readSpinManifest(text);
      } catch (error) {
        assert.ok(error instanceof KwasmError && error.code !== "internal", String(error));
      }
    }),
  );
});
