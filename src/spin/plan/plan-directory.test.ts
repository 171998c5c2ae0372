import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempDisposableSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import type { ErrorCode } from "#base";
import { spinLimits } from "../limits.ts";
import type { ApplicationSpec } from "./application-spec.ts";
import { findImageManifest, planManifest } from "./plan-directory.ts";

const head = `spin_manifest_version = 2
[application]
name = "a"
[variables]
host = { default = "example.com" }
[[trigger.http]]
route = "/..."
component = "c"
[component.c]
`;

interface Case {
  /** Fields of the component, and tables after it. */
  readonly fields: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly links?: Readonly<Record<string, string>>;
  readonly environment?: Readonly<Record<string, string>>;
  readonly isConfined?: boolean;
}

/** Paths of this machine are answered from `DIR` on. */
async function plan({
  fields,
  files = {},
  links = {},
  environment = {},
  isConfined = true,
}: Case): Promise<ApplicationSpec> {
  using directory = mkdtempDisposableSync(join(tmpdir(), "kwasm-spin-"));
  const root = realpathSync(directory.path);
  for (const [path, content] of Object.entries({ "spin.toml": `${head}${fields}`, "c.wasm": "module", ...files })) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  for (const [path, target] of Object.entries(links)) symlinkSync(target, join(root, path));
  const manifest = findImageManifest(root);
  assert.ok(manifest !== undefined);
  const spec = await planManifest(manifest, {
    isConfined,
    environment: new Map(Object.entries(environment)),
    takesBareNames: true,
  });
  return JSON.parse(JSON.stringify(spec).replaceAll(root, "DIR")) as ApplicationSpec;
}

function check(title: string, input: Case, expected: Partial<ApplicationSpec["components"][number]>): void {
  test(title, async () => {
    const [component] = (await plan(input)).components;
    assert.deepEqual({ ...component, ...expected }, component);
  });
}

const source = 'source = "c.wasm"\n';

check(
  "templates are expanded and hosts are the engine's rules",
  {
    fields: `${source}variables = { url = "https://{{ host }}/" }\nallowed_outbound_hosts = ["https://{{ host }}", "http://self"]`,
    environment: { HOST: "api.example.com" },
  },
  {
    module: { path: "DIR/c.wasm", digest: `sha256:${createHash("sha256").update("module").digest("hex")}` },
    variables: [["url", "https://api.example.com/"]],
    outbound: ["https://api.example.com"],
    selfSchemes: ["http"],
  },
);
check(
  "files are mounted one by one, whole directories as one",
  {
    fields: `${source}files = ["a/*.txt", "b/**/*", { source = "d", destination = "/there" }]`,
    files: { "a/1.txt": "", "a/2.md": "", "a/x/3.txt": "", "b/4": "", "b/c/5": "", "d/6": "" },
  },
  {
    mounts: [
      { guestPath: "/a/1.txt", hostPath: "DIR/a/1.txt", readOnly: true },
      { guestPath: "/b", hostPath: "DIR/b", readOnly: true },
      { guestPath: "/there", hostPath: "DIR/d", readOnly: true },
    ],
  },
);
check(
  "files that are excluded are not mounted, nor links",
  {
    fields: `${source}files = ["b/**/*"]\nexclude_files = ["b/**/*.key"]`,
    files: { "b/4": "", "b/c/5.key": "" },
    links: { "b/link": "/etc/passwd" },
  },
  { mounts: [{ guestPath: "/b/4", hostPath: "DIR/b/4", readOnly: true }] },
);
check(
  "in an image, paths begin at its root",
  { fields: 'source = "/sub/c.wasm"', files: { "sub/c.wasm": "" } },
  { module: { path: "DIR/sub/c.wasm", digest: `sha256:${createHash("sha256").digest("hex")}` } },
);

function checkRefused(title: string, input: Case, code: ErrorCode, message: RegExp): void {
  test(`refused: ${title}`, async () => {
    await assert.rejects(plan(input), { name: "KwasmError", code, message });
  });
}

checkRefused("a module that is not there", { fields: 'source = "x.wasm"' }, "not-found", /"x.wasm"/);
checkRefused("a folder as a module", { fields: 'source = "."' }, "not-found", /is no file/);
checkRefused(
  "a link out of the image",
  { fields: 'source = "l.wasm"', links: { "l.wasm": "/etc/passwd" } },
  "permission-denied",
  /leads out of the image/,
);
checkRefused(
  "a directory through a link out of the image",
  { fields: `${source}files = [{ source = "l/etc", destination = "/" }]`, links: { l: "/" } },
  "permission-denied",
  /leads out/,
);
checkRefused(
  "a whole directory through a link out of the image",
  { fields: `${source}files = ["l/**/*"]`, links: { l: "/etc" } },
  "permission-denied",
  /leads out/,
);
checkRefused("parents in a pattern", { fields: `${source}files = ["../*"]` }, "invalid-argument", /leads out/);
checkRefused(
  "a module by URL",
  { fields: 'source = { url = "https://example.com/c.wasm", digest = "sha256:1" }' },
  "unsupported",
  /a URL; put it beside the manifest/,
);
checkRefused(
  "a dependency of a registry",
  { fields: `${source}dependencies = { "a:b/c" = "1.0.0" }` },
  "unsupported",
  /dependency "a:b\/c": it is named by a registry/,
);
test("an application with a trigger that is not served is refused, and says which", async () => {
  const input = { fields: `${source}[[trigger.mqtt]]\nchannel = "a"` };
  await assert.rejects(plan(input), { code: "unsupported", message: /"trigger-mqtt-0" is of type "mqtt"/ });
});
checkRefused(
  "a store with a label of its own",
  { fields: `${source}key_value_stores = ["default", "mine"]` },
  "unsupported",
  /key_value_stores name "mine"; only "default"/,
);
checkRefused(
  "a variable without a value",
  { fields: `${source}[variables.token]\nrequired = true` },
  "failed-precondition",
  /SPIN_VARIABLE_TOKEN/,
);
checkRefused(
  "more files than are handed over",
  {
    fields: `${source}files = ["many/*"]`,
    files: Object.fromEntries(Array.from({ length: spinLimits.mountsMax + 1 }, (_, index) => [`many/${index}`, ""])),
  },
  "limit-exceeded",
  /mount their directory/,
);

test("the manifest of a user may name what is beside its directory", async () => {
  const { components } = await plan({
    fields: 'source = "l.wasm"',
    links: { "l.wasm": process.execPath },
    isConfined: false,
  });
  assert.equal(components[0]?.module.path, realpathSync(process.execPath));
});

test("a link is no manifest of an image", () => {
  using directory = mkdtempDisposableSync(join(tmpdir(), "kwasm-spin-"));
  symlinkSync("/etc/passwd", join(directory.path, "spin.toml"));
  assert.equal(findImageManifest(directory.path), undefined);
});
