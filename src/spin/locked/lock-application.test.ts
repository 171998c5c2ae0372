import assert from "node:assert/strict";
import { mkdirSync, mkdtempDisposableSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { readManifest } from "../plan/plan-directory.ts";
import { type LockedApplication, lockApplication } from "./lock-application.ts";
import { readLockedApplication } from "./read-locked.ts";

const head = `spin_manifest_version = 2
[application]
name = "shop"
version = "1.2.3"
description = "Sells"
`;

/** All that a manifest can say and that is locked. */
const everything = `${head}
[application.trigger.http]
base = "/api"
[application.trigger.redis]
address = "redis://{{ host }}"
[variables]
token = { required = true, secret = true }
host = { default = "example.com", description = "Whom to ask" }
[[trigger.http]]
route = "/..."
component = "shop"
[[trigger.http]]
route = { private = true }
component = "inner"
[[trigger.http]]
route = "/wagi"
component = "inner"
executor = { type = "wagi" }
[[trigger.http]]
route = "/old"
static_response = { status_code = 302, headers = { location = "/" }, body = "moved" }
[[trigger.redis]]
channel = "orders"
component = "reader"
[[trigger.redis]]
channel = "news"
address = "redis://other"
component = "reader"
[component.shop]
source = "shop.wasm"
description = "Answers"
environment = { MODE = "test", A = "b" }
variables = { url = "https://{{ host }}" }
files = ["static/**/*", { source = "assets", destination = "/assets" }]
exclude_files = ["**/*.md"]
allowed_outbound_hosts = ["https://{{ host }}", "http://inner.spin.internal"]
key_value_stores = ["default"]
sqlite_databases = ["default"]
ai_models = ["llama2-chat"]
[component.shop.build]
command = "make"
[component.inner]
source = "shop.wasm"
dependencies = { "a:b/c" = { path = "shop.wasm", export = "d:e/f" }, "g:h" = { component = "shop" } }
dependencies_inherit_configuration = true
[component.reader]
source = "shop.wasm"
`;

const large = "x".repeat(129);
const files = {
  "static/a.txt": "small",
  "static/deep/b.txt": large,
  "static/c.md": "left out",
  "assets/e.md": "left out",
  "assets/d": large,
};

/** What uses it gets the application, and the directory that it is in. */
async function lock<Result>(
  manifest: string,
  use: (locked: LockedApplication, path: string) => Result,
): Promise<Result> {
  using directory = mkdtempDisposableSync(join(tmpdir(), "kwasm-lock-"));
  for (const [name, content] of Object.entries({ "spin.toml": manifest, "shop.wasm": "module", ...files })) {
    const path = join(directory.path, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    utimesSync(path, 1, Math.random() * 1e9);
  }
  const path = join(directory.path, "spin.toml");
  return await use(await lockApplication(path), path);
}

test("a locked application says what its manifest does, of other places", async () => {
  await lock(everything, async ({ text }, path) => {
    const [written, read] = [await readManifest(path), readLockedApplication(text)];
    const unlike = { components: [], triggers: [], variables: [] };
    assert.deepEqual({ ...read, ...unlike }, { ...written, ...unlike });
    assert.deepEqual(read.triggers, written.triggers);
    assert.deepEqual(Object.fromEntries(read.variables), Object.fromEntries(written.variables));
    for (const [at, { build: _, ...component }] of written.components.entries()) {
      const locked = read.components[at];
      assert.ok(locked !== undefined);
      const { environment } = component;
      const elsewhere = { source: 0, files: 0, excludeFiles: 0, environment: 0, dependencies: 0 };
      assert.deepEqual({ ...locked, ...elsewhere }, { ...component, ...elsewhere });
      assert.deepEqual(Object.fromEntries(locked.environment), Object.fromEntries(environment));
      const { source } = locked;
      const dependencies = component.dependencies.map((dependency) => ({ ...dependency, source }));
      assert.deepEqual(locked.dependencies, dependencies);
    }
  });
});

test("files are listed one by one by their digests, and small ones stand in the document", async () => {
  await lock(everything, ({ text, components }) => {
    const document = JSON.parse(text) as {
      readonly spin_lock_version: number;
      readonly components: readonly {
        readonly files?: readonly { readonly path: string; readonly inline?: string; readonly digest: string }[];
      }[];
    };
    const [shop, inner] = document.components;
    assert.equal(document.spin_lock_version, 1);
    assert.equal(inner?.files, undefined);
    assert.deepEqual(
      shop?.files?.map(({ path, inline }) => [path, inline]),
      [
        ["assets/d", undefined],
        ["static/a.txt", Buffer.from("small").toString("base64")],
        ["static/deep/b.txt", undefined],
      ],
    );
    assert.deepEqual(
      shop.files.map(({ digest }) => digest),
      components[0]?.files.map(({ digest }) => digest),
    );
  });
});

function textOf({ text }: LockedApplication): string {
  return text;
}

test("the same files are locked to the same text, wherever they are and whenever they were written", async () => {
  assert.equal(await lock(everything, textOf), await lock(everything, textOf));
});

function checkRefused(title: string, rest: string, expected: object): void {
  test(`not locked: ${title}`, async () => {
    await assert.rejects(
      lock(head + rest, () => undefined),
      { name: "KwasmError", ...expected },
    );
  });
}

const route = '[[trigger.http]]\nroute = "/"\ncomponent = "a"\n[component.a]\nsource = ';
checkRefused("a module that is not there", `${route}"none.wasm"`, { code: "not-found" });
checkRefused("a module of a URL", `${route}{ url = "https://example.com/a", digest = "sha256:1" }`, {
  code: "unsupported",
  message: /put it beside the manifest/u,
});
for (const fields of [
  "[[trigger.command]]",
  '[application.trigger.redis]\naddress = "redis://a"\n[[trigger.redis]]\nchannel = "c"',
]) {
  test(`what has ${fields.split("\n")[0] ?? ""} alone is locked with it`, async () => {
    const manifest = `${head}${fields}\ncomponent = "a"\n[component.a]\nsource = "shop.wasm"`;
    await lock(manifest, async ({ text }, path) => {
      const [locked, written] = [readLockedApplication(text), await readManifest(path)];
      assert.deepEqual([locked.triggers, locked.redisAddress], [written.triggers, written.redisAddress]);
    });
  });
}

checkRefused("another trigger", '[[trigger.sqs]]\ncomponent = "a"\n[component.a]\nsource = "shop.wasm"', {
  code: "unsupported",
  message: /"sqs"/u,
});
