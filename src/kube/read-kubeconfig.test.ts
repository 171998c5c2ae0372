import assert from "node:assert/strict";
import { mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import * as fc from "fast-check";
import { stringify } from "yaml";

import { KwasmError } from "#base";

import { loadConnection } from "./kubeconfig.ts";

interface FileOptions {
  readonly name?: string;
  readonly cluster?: object;
  readonly user?: object;
  readonly current?: string;
}

/** A file of one context; the cluster, the user and the context have the same name. */
function fileOf({ name = "one", cluster = {}, user = {}, current = name }: FileOptions): string {
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": current,
    clusters: [{ name, cluster: { server: `https://${name}.example.com:6443/base`, ...cluster } }],
    users: [{ name, user }],
    contexts: [{ name, context: { cluster: name, user: name, namespace: `in-${name}` } }],
  });
}

async function makeFiles(files: Readonly<Record<string, string>>) {
  const directory = await mkdtempDisposable(join(tmpdir(), "kwasm-kubeconfig-"));
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory.path, name), text, { mode: 0o700 });
  return directory;
}

async function headersOf(user: object, files: Readonly<Record<string, string>> = {}): Promise<unknown> {
  await using directory = await makeFiles({ config: fileOf({ user }), ...files });
  const connection = await loadConnection({ env: process.env, kubeconfig: join(directory.path, "config") });
  return await connection.headers();
}

test("server, namespace and certificates are those of the current context", async () => {
  const encoded = Buffer.from("an authority").toString("base64");
  const cluster = { "certificate-authority-data": encoded, "tls-server-name": "api" };
  const user = { "client-certificate": "cert.pem", "client-key": "key.pem" };
  await using directory = await makeFiles({
    config: fileOf({ cluster, user }),
    "cert.pem": "a cert",
    "key.pem": "a key",
  });
  const connection = await loadConnection({ env: { HOME: "/nowhere" }, kubeconfig: join(directory.path, "config") });
  assert.equal(connection.server.href, "https://one.example.com:6443/base");
  assert.equal(connection.namespace, "in-one");
  assert.deepEqual(connection.tls, {
    ca: Buffer.from("an authority"),
    cert: Buffer.from("a cert"),
    key: Buffer.from("a key"),
    servername: "api",
  });
  assert.deepEqual(await connection.headers(), {});
});

test("of several files the first that names a thing decides, and one that is not there is passed over", async () => {
  await using directory = await makeFiles({
    first: fileOf({ current: "two" }),
    second: fileOf({ name: "two", user: { token: "second" } }),
    third: fileOf({ name: "two", cluster: { server: "https://third.example.com" }, user: { token: "third" } }),
  });
  const paths = ["none", "first", "second", "third"].map((name) => join(directory.path, name));
  const env = { KUBECONFIG: paths.join(":") };
  const connection = await loadConnection({ env });
  assert.equal(connection.server.host, "two.example.com:6443");
  assert.deepEqual(await connection.headers(), { authorization: "Bearer second" });
  assert.equal((await loadConnection({ env, context: "one" })).namespace, "in-one");
});

test("each way to log in becomes a header", async () => {
  const plugin = `#!/bin/sh
printf '{"kind":"ExecCredential","status":{"token":"%s-%s"}}' "$1" "$SUFFIX"
`;
  const exec = {
    apiVersion: "client.authentication.k8s.io/v1",
    command: "./plugin",
    args: ["from"],
    env: [{ name: "SUFFIX", value: "env" }],
  };
  assert.deepEqual(await headersOf({ token: "a" }), { authorization: "Bearer a" });
  assert.deepEqual(await headersOf({ token: "a", tokenFile: "file" }, { file: "b\n" }), { authorization: "Bearer b" });
  assert.deepEqual(await headersOf({ username: "u", password: "p" }), { authorization: "Basic dTpw" });
  assert.deepEqual(await headersOf({ token: "a", as: "b" }), { authorization: "Bearer a", "impersonate-user": "b" });
  assert.deepEqual(await headersOf({ exec }, { plugin }), { authorization: "Bearer from-env" });
});

test("a program is asked again when its token was refused or has run out, and not before", async () => {
  const plugin = `#!/bin/sh
echo x >>"$0.calls"
expiry=$([ $(wc -l <"$0.calls") -lt 3 ] && echo 2999-01-01T00:00:00Z || echo 2000-01-01T00:00:00Z)
printf '{"status":{"token":"%s","expirationTimestamp":"%s"}}' $(wc -l <"$0.calls") "$expiry"
`;
  await using directory = await makeFiles({ config: fileOf({ user: { exec: { command: "./plugin" } } }), plugin });
  const connection = await loadConnection({ env: process.env, kubeconfig: join(directory.path, "config") });
  for (const [isRefused, expected] of [
    [false, "Bearer 1"],
    [false, "Bearer 1"],
    [true, "Bearer 2"],
    [true, "Bearer 3"],
    [false, "Bearer 4"],
  ] as const) {
    assert.deepEqual(await connection.headers(isRefused), { authorization: expected });
  }
});

test("what cannot be used is refused with what to do", async () => {
  const rows: readonly (readonly [string, string, RegExp])[] = [
    [fileOf({ current: "other" }), "not-found", /context "other" of the kubeconfig .*name one that it has/],
    [fileOf({ cluster: { server: "no address" } }), "invalid-argument", /no server with an address/],
    [fileOf({ cluster: { "proxy-url": "http://proxy" } }), "unsupported", /"http:\/\/proxy"/],
    [fileOf({ cluster: { "certificate-authority": "none" } }), "not-found", /read "none"/],
    [fileOf({ user: { "auth-provider": {} } }), "unsupported", /use "exec"/],
    [fileOf({ user: { exec: { command: "./none" } } }), "permission-denied", /log in by ".*none": start it/],
    ["a: [", "invalid-argument", /read the kubeconfig/],
    ["x: &a [1]\ny: [" + "*a,".repeat(101) + "]", "invalid-argument", /alias/],
    ["#".repeat(4 * 1024 * 1024 + 1), "limit-exceeded", /4194304 bytes/],
  ];
  for (const [config, code, message] of rows) {
    await using directory = await makeFiles({ config });
    const loading = loadConnection({ env: {}, kubeconfig: join(directory.path, "config") });
    await assert.rejects(loading, { code, message });
  }
});

test("a file of the limit is read", async () => {
  const start = fileOf({});
  await using directory = await makeFiles({ config: start + "#".repeat(4 * 1024 * 1024 - start.length) });
  const connection = await loadConnection({ env: {}, kubeconfig: join(directory.path, "config") });
  assert.equal(connection.namespace, "in-one");
});

test("no file whatever makes anything but a connection or a refusal of ours", async () => {
  const value = fc.oneof(fc.string(), fc.jsonValue());
  const field = fc.constantFrom("current-context", "clusters", "users", "contexts");
  await fc.assert(
    fc.asyncProperty(fc.dictionary(field, value), async (file) => {
      await using directory = await makeFiles({ config: JSON.stringify(file) });
      const loading = loadConnection({ env: {}, kubeconfig: join(directory.path, "config") });
      await assert.rejects(loading, (thrown) => thrown instanceof KwasmError && thrown.code !== "internal");
    }),
    { numRuns: 50 },
  );
});
