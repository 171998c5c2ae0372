import assert from "node:assert/strict";
import { mkdirSync, mkdtempDisposableSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { commands } from "../../src/cli/commands/index.ts";
import { runCli } from "../../src/cli/frame/run-cli.ts";
import { createTestIo } from "../../src/cli/testing/test-io.ts";
import { openStore } from "../../src/image/store/store.ts";
import { emptyModule, makeLayer, putTestImage } from "../../src/image/testing/make-image.ts";
import { RegistryServer, type RegistryServerOptions, user } from "./registry-server.ts";
import { TokenServer } from "./token-server.ts";

interface Expected {
  readonly code?: number;
  readonly stdout?: RegExp;
  readonly stderr?: RegExp;
}

/** A user of the command with a home, and a registry. */
class Ground implements AsyncDisposable {
  readonly #stack = new AsyncDisposableStack();
  readonly home = this.#stack.use(mkdtempDisposableSync(join(tmpdir(), "kwasm-user-"))).path;

  async serve(options: RegistryServerOptions = {}): Promise<RegistryServer> {
    return this.#stack.use(await RegistryServer.start(options));
  }

  async serveTokens(): Promise<TokenServer> {
    return this.#stack.use(await TokenServer.start(join(this.home, "tokens")));
  }

  /** `state` is a store's name: several stand for several machines. */
  async check(state: string, line: string, expected: Expected, stdin?: string): Promise<string> {
    const { code = 0, stdout = /^/, stderr = /^/ } = expected;
    const env = { HOME: this.home, KWASM_STATE: join(this.home, state) };
    const io = createTestIo({ cwd: this.home, env, ...(stdin === undefined ? {} : { stdin }) });
    assert.equal(await runCli(line.split(" "), commands, io), code, io.stderrText());
    assert.match(io.stdoutText(), stdout);
    assert.match(io.stderrText(), stderr);
    assert.ok(!`${io.stdoutText()}${io.stderrText()}`.includes(user.password), "no password is shown");
    return io.stdoutText();
  }

  /** Builds an image in a store, with a layer for several chunks of an upload where `bytes` says so. */
  async build(state: string, name: string, bytes = 1000): Promise<void> {
    const layer = await makeLayer([
      { name: "app.wasm", content: emptyModule },
      { name: "data", content: Buffer.alloc(bytes, "x") },
    ]);
    mkdirSync(join(this.home, state), { recursive: true });
    const platforms = [
      { os: "linux", architecture: "amd64" },
      { os: "wasi", architecture: "wasm" },
    ];
    await putTestImage(openStore(join(this.home, state, "images")), { name, layers: [layer], platforms });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

test("an image goes to a registry and comes from it, and only what is missing is sent", async () => {
  await using ground = new Ground();
  const registry = await ground.serve();
  await ground.build("one", "hello:v1", 9_000_000);
  const name = `${registry.host}/team/hello:v1`;
  await ground.check("one", `tag hello:v1 ${name}`, { stdout: /^$/ });
  await ground.check("one", `push --digestfile digest ${name}`, {
    stdout: /^$/,
    stderr: /Copying blob sha256:.* done\n/,
  });
  assert.ok(registry.countOf("PATCH", /./) >= 2, "the large layer goes in chunks");
  const uploads = registry.countOf("POST", /uploads/);
  await ground.check("one", `push ${name}`, { stderr: /already there\n/ });
  assert.equal(registry.countOf("POST", /uploads/), uploads);

  const id = readFileSync(join(ground.home, "digest"), "utf8").replace("sha256:", "");
  await ground.check("two", `pull ${name}`, { stdout: new RegExp(`^${id}\n$`), stderr: /^Trying to pull / });
  const asked = registry.countOf("GET", /manifests/);
  await ground.check("two", `pull -q ${registry.host}/team/hello@sha256:${id}`, { stderr: /^$/ });
  await ground.check("two", `pull --policy missing ${name}`, { stdout: new RegExp(`^${id}\n$`), stderr: /^$/ });
  assert.equal(registry.countOf("GET", /manifests/), asked);
  await ground.check("two", "images", { stdout: /\n127\S+\/team\/hello +v1 +[0-9a-f]{12} .* 9MB\n$/ });
  await ground.check("two", `pull ${registry.host}/team/absent`, { code: 1, stderr: /404/ });
  await ground.check("two", `push ${name} ${registry.host}/team/other:v2`, {
    stderr: /mounted from another repository/,
  });
  await ground.check("three", `pull ${registry.host}/team/other:v2`, { stdout: /^[0-9a-f]{64}\n$/ });
});

test("all tags of a repository are pulled", async () => {
  await using ground = new Ground();
  const registry = await ground.serve();
  const name = `${registry.host}/team/hello`;
  await ground.build("one", "hello:v1");
  for (const tag of ["v1", "v2", "latest"]) await ground.check("one", `push hello:v1 ${name}:${tag}`, {});
  await ground.check("two", `pull -q --all-tags ${name}`, { stdout: /^([0-9a-f]{64}\n){3}$/ });
  const listed = await ground.check("two", "images", {});
  for (const tag of ["v1", "v2", "latest"]) assert.match(listed, new RegExp(`hello +${tag} `));
  await ground.check("two", `pull -a ${name}:v1`, { code: 2, stderr: /without tag/ });
  await ground.check("two", `pull -a ${registry.host}/absent`, { code: 1, stderr: /404/ });
});

test("a registry with TLS and a password: certificates and logins", async () => {
  await using ground = new Ground();
  const registry = await ground.serve({ isSecure: true, hasPassword: true });
  const name = `${registry.host}/hello:v1`;
  const trust = `--cert-dir ${registry.certificates}`;
  await ground.build("one", name);
  await ground.check("one", `push ${name}`, { code: 1, stderr: /self.signed certificate/i });
  await ground.check("one", `push ${trust} ${name}`, { code: 1, stderr: /401.*kwasm login/s });
  const login = `login ${trust} -u ${user.name} --password-stdin ${registry.host}`;
  await ground.check("one", login, { code: 1, stderr: /401/ }, "wrong");
  await ground.check("one", login, { stdout: /^Login Succeeded!\n$/ }, `${user.password}\n`);
  await ground.check("one", `push ${trust} ${name}`, {});
  await ground.check("two", `pull --tls-verify=false ${name}`, {});
  const folder = join(ground.home, ".config", "kwasm", "certs.d", registry.host);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "ca.crt"), readFileSync(join(registry.certificates, "server.crt")));
  await ground.check("three", `pull ${name}`, {});
  await ground.check("one", `logout ${registry.host}`, { stdout: /^Removed login credentials for 127/ });
  await ground.check("one", `logout ${registry.host}`, { stdout: /^Not logged into 127/ });
  await ground.check("four", `pull ${name}`, { code: 1, stderr: /401/ });
  await ground.check("four", `pull --creds ${user.name}:${user.password} ${name}`, {});
});

test("a registry with tokens: anybody reads what is open, the user writes", async () => {
  await using ground = new Ground();
  const tokens = await ground.serveTokens();
  const registry = await ground.serve({ token: tokens.settings });
  const name = `${registry.host}/open/hello:v1`;
  await ground.build("one", name);
  await ground.check("one", `push ${name}`, { code: 1, stderr: /401/ });
  const creds = `--creds ${user.name}:${user.password}`;
  await ground.check("one", `push ${creds} ${name}`, {});
  await ground.check("one", `push ${creds} ${name} ${registry.host}/closed/hello:v1`, { stderr: /mounted/ });
  await ground.check("two", `pull ${name}`, { stdout: /^[0-9a-f]{64}\n$/ });
  await ground.check("two", `pull ${registry.host}/closed/hello:v1`, { code: 1, stderr: /401.*kwasm login/s });
  await ground.check("two", `pull ${creds} ${registry.host}/closed/hello:v1`, {});
  assert.ok(tokens.asked.some((scopes) => scopes.includes("repository:open/hello:pull") && scopes.length === 2));
});

test("a mirror is asked first, and the registry itself for what it lacks", async () => {
  await using ground = new Ground();
  const origin = await ground.serve();
  const mirror = await ground.serve();
  await ground.build("one", "hello:v1");
  await ground.check("one", `push hello:v1 ${origin.host}/hello:v1`, {});
  await ground.check("one", `push hello:v1 ${mirror.host}/hello:v2`, {});
  const folder = join(ground.home, ".config", "kwasm", "certs.d", "images.example");
  mkdirSync(folder, { recursive: true });
  const hosts = `server = "http://${origin.host}"\n[host."http://${mirror.host}"]\ncapabilities = ["pull", "resolve"]\n`;
  writeFileSync(join(folder, "hosts.toml"), hosts);
  await ground.check("two", "pull images.example/hello:v2", { stdout: /^[0-9a-f]{64}\n$/ });
  assert.equal(origin.countOf("GET", /./), 0);
  await ground.check("three", "pull images.example/hello:v1", { stderr: /asking the next server/ });
});
