import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempDisposableSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { KwasmError } from "#base";
import { type RunHelper, runHelper } from "./credential-helper.ts";
import { findInSecrets } from "./pull-secrets.ts";
import { CredentialStore } from "./credential-store.ts";

/** What docker's helpers print for a server that they do not know. */
const unknownServer = "credentials not found in native keychain\n";

/** A home with files of credentials, and helpers that keep theirs in memory. */
class Home implements Disposable {
  readonly #directory = mkdtempDisposableSync(join(tmpdir(), "kwasm-home-"));
  readonly helpers = new Map<string, Map<string, { Username: string; Secret: string }>>();
  readonly path = this.#directory.path;
  readonly env = { HOME: this.path, XDG_RUNTIME_DIR: join(this.path, "run") };

  write(path: string, document: object): void {
    mkdirSync(dirname(join(this.path, path)), { recursive: true });
    writeFileSync(join(this.path, path), JSON.stringify(document));
  }

  readonly run: RunHelper = (name, verb, input) => {
    const kept = this.helpers.get(name);
    if (kept === undefined) return Promise.resolve({ exitCode: 2, stdout: "secret words of a broken helper" });
    if (verb === "store") {
      const { ServerURL: server, ...rest } = JSON.parse(input) as {
        ServerURL: string;
        Username: string;
        Secret: string;
      };
      kept.set(server, rest);
      return Promise.resolve({ exitCode: 0, stdout: "" });
    }
    const found = kept.get(input);
    if (found === undefined) return Promise.resolve({ exitCode: 1, stdout: unknownServer });
    if (verb === "erase") kept.delete(input);
    return Promise.resolve({ exitCode: 0, stdout: JSON.stringify(found) });
  };

  open(env: Readonly<Record<string, string>> = {}, authFile?: string): CredentialStore {
    return new CredentialStore({ env: { ...this.env, ...env }, run: this.run, authFile });
  }

  [Symbol.dispose](): void {
    this.#directory[Symbol.dispose]();
  }
}

function authOf(text: string): { readonly auth: string } {
  return { auth: Buffer.from(text).toString("base64") };
}

function password(username: string, secret: string): object {
  return { kind: "password", username, password: secret };
}

test("podman's file counts before docker's, and a repository's line before its registry's", async () => {
  using home = new Home();
  home.write("run/containers/auth.json", { auths: { "r.io": authOf("pod:p"), "r.io/team": authOf("team:t:x") } });
  home.write(".docker/config.json", {
    auths: { "r.io": authOf("doc:d"), "https://index.docker.io/v1/": authOf("hub:h") },
  });
  const store = home.open();
  assert.deepEqual(await store.find("r.io", "other/app"), password("pod", "p"));
  assert.deepEqual(await store.find("r.io", "team/app"), password("team", "t:x"));
  assert.deepEqual(await store.find("docker.io", "library/app"), password("hub", "h"));
  assert.equal(await store.find("none.io", "app"), undefined);
});

test("a file that a variable or an option names is the only one", async () => {
  using home = new Home();
  home.write(".docker/config.json", { auths: { "r.io": authOf("home:h") } });
  home.write("a/config.json", { auths: { "r.io": { username: "plain", password: "x" } } });
  home.write("b.json", { auths: { "https://r.io/v2/": { identitytoken: "refresh" } } });
  assert.deepEqual(await home.open({ DOCKER_CONFIG: join(home.path, "a") }).find("r.io", "x"), password("plain", "x"));
  const expected = { kind: "identity-token", token: "refresh" };
  assert.deepEqual(await home.open({ REGISTRY_AUTH_FILE: join(home.path, "b.json") }).find("r.io", "x"), expected);
  assert.deepEqual(await home.open({}, join(home.path, "b.json")).find("r.io", "x"), expected);
});

test("helpers are asked for the registries that name them, and the default one for others", async () => {
  using home = new Home();
  home.helpers.set("one", new Map([["r.io", { Username: "<token>", Secret: "refresh" }]]));
  home.helpers.set("all", new Map([["https://index.docker.io/v1/", { Username: "hub", Secret: "s" }]]));
  home.write(".docker/config.json", {
    credHelpers: { "r.io": "one", "bad.io": "broken", "evil.io": "../evil" },
    credsStore: "all",
    auths: { "file.io": authOf("file:f") },
  });
  const store = home.open();
  assert.deepEqual(await store.find("r.io", "x"), { kind: "identity-token", token: "refresh" });
  assert.deepEqual(await store.find("docker.io", "library/x"), password("hub", "s"));
  assert.deepEqual(await store.find("file.io", "x"), password("file", "f"));
  await assert.rejects(store.find("bad.io", "x"), (error) => {
    assert.ok(error instanceof KwasmError);
    assert.doesNotMatch(error.message, /secret words/);
    return error.code === "failed-precondition";
  });
  await assert.rejects(store.find("evil.io", "x"), { code: "invalid-argument" });
});

test("login writes docker's file for its owner alone, and keeps what else is in it", async () => {
  using home = new Home();
  home.write(".docker/config.json", { currentContext: "x", auths: { "r.io": authOf("old:o"), "s.io": authOf("s:s") } });
  const path = join(home.path, ".docker/config.json");
  await home.open().store("r.io", "ada", "pass:word");
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.deepEqual(JSON.parse(readFileSync(path, "utf8")), {
    currentContext: "x",
    auths: { "s.io": authOf("s:s"), "r.io": authOf("ada:pass:word") },
  });
  await home.open().store("docker.io", "hub", "h");
  assert.match(readFileSync(path, "utf8"), /"https:\/\/index\.docker\.io\/v1\/"/);
  assert.equal(await home.open().erase("docker.io"), true);
  assert.equal(await home.open().erase("docker.io"), false);
  assert.deepEqual(await home.open().find("r.io", "x"), password("ada", "pass:word"));
});

test("login and logout go to the helper that is configured", async () => {
  using home = new Home();
  const kept = new Map<string, { Username: string; Secret: string }>();
  home.helpers.set("all", kept);
  home.write(".docker/config.json", { credsStore: "all" });
  await home.open().store("r.io", "ada", "secret");
  assert.deepEqual([...kept], [["r.io", { Username: "ada", Secret: "secret" }]]);
  assert.doesNotMatch(readFileSync(join(home.path, ".docker/config.json"), "utf8"), /secret|auths/);
  assert.equal(await home.open().erase("r.io"), true);
  assert.equal(kept.size, 0);
});

test("a damaged file is named, and nothing of it is in the error", async () => {
  using home = new Home();
  mkdirSync(join(home.path, ".docker"));
  writeFileSync(join(home.path, ".docker/config.json"), '{"auths": "hunter2');
  await assert.rejects(home.open().find("r.io", "x"), (error) => {
    assert.ok(error instanceof KwasmError);
    assert.match(error.message, /config\.json/);
    assert.doesNotMatch(String(error.stack), /hunter2/);
    return error.code === "corrupt";
  });
});

test("a pod's secrets are read in both of Kubernetes' types, the first that knows the registry counts", () => {
  const present = JSON.stringify({ auths: { "r.io": authOf("one:1") }, credsStore: "all" });
  const secrets = [
    { name: "a", type: "kubernetes.io/dockerconfigjson", data: new Map([[".dockerconfigjson", present]]) },
    {
      name: "b",
      type: "kubernetes.io/dockercfg",
      data: new Map([
        [".dockercfg", JSON.stringify({ "r.io": authOf("two:2"), "https://index.docker.io/v1/": authOf("hub:h") })],
      ]),
    },
  ];
  assert.deepEqual(findInSecrets(secrets, "r.io", "x"), password("one", "1"));
  assert.deepEqual(findInSecrets(secrets, "docker.io", "library/x"), password("hub", "h"));
  assert.equal(findInSecrets(secrets, "none.io", "x"), undefined);
  const opaque = { name: "c", type: "Opaque", data: new Map([["a", "hunter2"]]) };
  assert.throws(() => findInSecrets([opaque], "r.io", "x"), {
    code: "invalid-argument",
    message: /^(?!.*hunter2).*"c"/,
  });
});

test("a real helper is found by PATH and spoken to", async () => {
  using home = new Home();
  const program = join(home.path, "docker-credential-test");
  writeFileSync(program, `#!/bin/sh\nread server\nprintf '{"Username":"%s","Secret":"%s"}' "$1" "$server"\n`);
  chmodSync(program, 0o755);
  const path = process.env["PATH"] ?? "";
  process.env["PATH"] = `${home.path}:${path}`;
  try {
    home.write(".docker/config.json", { credsStore: "test" });
    const store = new CredentialStore({ env: home.env, run: runHelper });
    assert.deepEqual(await store.find("r.io", "x"), password("get", "r.io"));
    await assert.rejects(runHelper("absent", "get", "r.io"), { code: "not-found" });
  } finally {
    process.env["PATH"] = path;
  }
});
