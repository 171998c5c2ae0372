import assert from "node:assert/strict";
import { mkdtempDisposableSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import * as fc from "fast-check";

import { type Bundle, CONFIG_BYTES_MAX, readBundle } from "./bundle.ts";

function read(text: string, bytes?: number): Bundle {
  const folder = mkdtempDisposableSync(join(tmpdir(), "kwasm-bundle-"));
  try {
    const path = join(folder.path, "config.json");
    writeFileSync(path, text);
    if (bytes !== undefined) truncateSync(path, bytes);
    const bundle = readBundle(folder.path);
    return { ...bundle, rootPath: bundle.rootPath.replace(folder.path, "BUNDLE") };
  } finally {
    folder.remove();
  }
}

function check(config: unknown, expected: Partial<Bundle>): void {
  assert.deepEqual(read(JSON.stringify(config)), { ...read("{}"), ...expected });
}

test("what is missing has its default", () => {
  assert.deepEqual(read("{}"), {
    args: [],
    env: [],
    workingDirectory: "/",
    rootPath: "BUNDLE/rootfs",
    isRootReadOnly: false,
    mounts: [],
    annotations: {},
    limits: {},
    network: { kind: "host" },
    namespaces: [],
    hostname: "",
    sysctls: {},
  });
});

test("a process, a root and limits are read as the specification names them", () => {
  const process = { args: ["/a.wasm", "-v"], env: ["A=b=c", "B"], cwd: "/srv" };
  const env = [
    ["A", "b=c"],
    ["B", ""],
  ] as const;
  check({ process }, { args: ["/a.wasm", "-v"], env, workingDirectory: "/srv" });
  check({ process: { user: { uid: 7, gid: 8 } } }, { user: { uid: 7, gid: 8, additionalGids: [] } });
  check({ root: { path: "files", readonly: true } }, { rootPath: "BUNDLE/files", isRootReadOnly: true });
  check({ root: { path: "/srv/files" } }, { rootPath: "/srv/files" });
  check({ linux: { resources: { memory: { limit: 1024 } } } }, { limits: { memoryBytesMax: 1024 } });
  check({ hostname: "web", linux: { cgroupsPath: "/pod/a" } }, { hostname: "web", cgroupsPath: "/pod/a" });
  check({ linux: { sysctl: { "net.core.somaxconn": "9", "net.bad": 1 } } }, { sysctls: { "net.core.somaxconn": "9" } });
});

function network(...namespaces: readonly unknown[]): unknown {
  return { linux: { namespaces } };
}

test("a network is the host's, one to be made, or one that is there", () => {
  check(network({ type: "pid" }), { network: { kind: "host" }, namespaces: [{ type: "pid" }] });
  check(network({ type: "network", path: "" }), { network: { kind: "own" }, namespaces: [{ type: "network" }] });
  const joined = { type: "network", path: "/run/net" };
  check(network(joined), { network: { kind: "own", path: "/run/net" }, namespaces: [joined] });
});

test("any JSON is a bundle", () => {
  const keys = fc.constantFrom(
    "process",
    "root",
    "linux",
    "namespaces",
    "mounts",
    "annotations",
    "args",
    "type",
    "env",
  );
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof({ maxDepth: 4 }, fc.jsonValue(), fc.dictionary(keys, tie("value")), fc.array(tie("value"))),
  }));
  fc.assert(fc.property(value, (config) => void read(JSON.stringify(config))));
});

test("a file that is missing, torn or too long is named", () => {
  assert.throws(() => readBundle("/nowhere"), { code: "not-found", message: /\/nowhere\/config\.json/u });
  assert.throws(() => read("{"), { code: "corrupt", message: /config\.json/u });
  assert.throws(() => read("{", CONFIG_BYTES_MAX), { code: "corrupt" });
  assert.throws(() => read("{", CONFIG_BYTES_MAX + 1), { code: "limit-exceeded" });
});
