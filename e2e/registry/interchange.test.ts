import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { earlyModule } from "../../src/engine/component/testing/world-module.ts";
import { KwasmCommand } from "../command-fixture.ts";
import { servedBy } from "../served-application.ts";
import { oras, skopeo } from "./other-tools.ts";
import { RegistryServer } from "./registry-server.ts";

/** A user with a guest, and a registry that other tools ask too. */
class Ground implements AsyncDisposable {
  readonly #stack: AsyncDisposableStack;
  readonly kwasm: KwasmCommand;
  readonly host: string;
  /** Writes its arguments, each with a zero after it. */
  readonly guest: string;

  static async start(): Promise<Ground> {
    await using stack = new AsyncDisposableStack();
    const registry = stack.use(await RegistryServer.start());
    const kwasm = stack.use(new KwasmCommand());
    return new Ground(stack.move(), kwasm, registry.host);
  }

  private constructor(stack: AsyncDisposableStack, kwasm: KwasmCommand, host: string) {
    this.#stack = stack;
    this.kwasm = kwasm;
    this.host = host;
    this.guest = kwasm.writeGuest("words");
  }

  get cwd(): string {
    return this.kwasm.directory;
  }

  /** Runs a line of kwasm, with `@` for the registry. */
  async kwasmLine(line: string, stdout: RegExp | string = /^/): Promise<void> {
    await this.kwasm.check(line.replaceAll("@", `${this.host}/`), { stdout, stderr: /^/ }, { cwd: this.cwd });
  }

  async build(name: string, ...more: readonly string[]): Promise<void> {
    await this.kwasmLine(["build words.wasm -t", name, ...more].join(" "));
    await this.kwasmLine(`push ${name} @${name}`);
    await this.kwasmLine(`rmi ${name}`);
  }

  /** Runs an image with one argument; it was nowhere on this machine before it was pulled. */
  async run(reference: string, name: string): Promise<void> {
    await this.kwasmLine(`run ${reference} more`, `${name}\0more\0`);
  }

  async pullAndRun(reference: string, name: string): Promise<void> {
    await this.kwasmLine(`pull -q ${reference}`, /^[0-9a-f]{64}\n$/);
    await this.run(reference, name);
    await this.kwasmLine(`rmi ${reference}`);
  }

  skopeo(line: string): Promise<string> {
    return skopeo(this.#words(line), this);
  }

  oras(line: string): Promise<string> {
    return oras(this.#words(line), this);
  }

  #words(line: string): readonly string[] {
    return line.replaceAll("@", `${this.host}/`).split(" ");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

test("skopeo copies an image of kwasm build from a registry and back, and into layouts and archives that run", async () => {
  await using ground = await Ground.start();
  await ground.build("words:v1");
  await ground.skopeo("copy --all --src-tls-verify=false docker://@words:v1 oci:all:words");
  await ground.run("all", "/words.wasm");
  await ground.skopeo("copy --src-tls-verify=false docker://@words:v1 oci-archive:one.tar:words");
  await ground.run("one.tar", "/words.wasm");
  await ground.skopeo("copy --src-tls-verify=false docker://@words:v1 docker-archive:docker.tar:words:v1");
  await ground.run("docker.tar", "/words.wasm");
  await ground.skopeo("copy --src-tls-verify=false docker://@words:v1 docker-archive:nameless.tar");
  await ground.run("nameless.tar", "/words.wasm");
  for (const from of ["oci:all:words", "docker-archive:docker.tar", "docker-archive:nameless.tar"]) {
    await ground.skopeo(`copy --all --dest-tls-verify=false ${from} docker://@back:v1`);
    await ground.pullAndRun("@back:v1", "/words.wasm");
  }
  await ground.kwasmLine("pull -q @words:v1");
  await ground.kwasmLine("save -o saved.tar @words:v1");
  for (const from of ["oci-archive:saved.tar", "docker-archive:saved.tar"]) {
    await ground.skopeo(`copy --dest-tls-verify=false ${from} docker://@again:v1`);
    await ground.pullAndRun("@again:v1", "/words.wasm");
  }
});

test("layers that skopeo compresses by gzip and zstd run", async () => {
  await using ground = await Ground.start();
  await ground.build("words:v1");
  for (const format of ["gzip", "zstd"]) {
    const options = `--format oci --dest-compress --dest-compress-format ${format} --src-tls-verify=false`;
    await ground.skopeo(`copy ${options} docker://@words:v1 oci:${format}:words`);
    await ground.run(format, "/words.wasm");
  }
});

test("an artifact of kwasm build is pulled by ORAS and skopeo, and theirs run", async () => {
  await using ground = await Ground.start();
  await ground.build("words:v1", "--format wasm-artifact");
  mkdirSync(join(ground.cwd, "pulled"));
  await ground.oras("pull --plain-http --output pulled @words:v1");
  assert.deepEqual(readFileSync(join(ground.cwd, "pulled/words.wasm")), readFileSync(ground.guest));
  const manifest = JSON.parse(await ground.oras("manifest fetch --plain-http @words:v1")) as {
    readonly config: { readonly mediaType: string };
  };
  assert.equal(manifest.config.mediaType, "application/vnd.wasm.config.v0+json");
  await ground.skopeo("copy --src-tls-verify=false docker://@words:v1 oci:layout:words");
  await ground.run("layout", "/words.wasm");
  await ground.skopeo("copy --dest-tls-verify=false oci:layout:words docker://@back:v1");
  await ground.pullAndRun("@back:v1", "/words.wasm");
});

test("what ORAS pushes runs, with the config of each time and without one", async () => {
  await using ground = await Ground.start();
  ground.kwasm.write("config.json", JSON.stringify({ os: "wasip1", architecture: "wasm", layerDigests: [] }));
  ground.kwasm.write("empty.json", "");
  const pushes = [
    "--config config.json:application/vnd.wasm.config.v0+json @words:v1 words.wasm:application/wasm",
    "--artifact-type application/vnd.wasm @words:v1 words.wasm:application/wasm",
    "--config empty.json:application/vnd.wasm.config.v1+json @words:v1 words.wasm:application/vnd.wasm.content.layer.v1+wasm",
  ];
  for (const push of pushes) {
    await ground.oras(`push --plain-http ${push}`);
    await ground.pullAndRun("@words:v1", "/words.wasm");
  }
});

const spinManifest = `spin_manifest_version = 2
[application]
name = "early"
[[trigger.http]]
route = "/..."
component = "early"
[component.early]
source = "early.wasm"
files = ["a.txt"]
`;

test("a Spin application is pulled by ORAS and skopeo as spin registry push has it, and theirs are served", async () => {
  await using ground = await Ground.start();
  const { kwasm } = ground;
  kwasm.write("early/spin.toml", spinManifest);
  const module = kwasm.write("early/early.wasm", earlyModule());
  kwasm.write("early/a.txt", "a".repeat(200));
  await ground.kwasmLine("build early -t early:v1 --format spin");
  await ground.kwasmLine("push early:v1 @early:v1");
  await ground.kwasmLine("rmi early:v1");
  const { layers } = JSON.parse(await ground.oras("manifest fetch --plain-http @early:v1")) as {
    readonly layers: readonly { readonly mediaType: string; readonly digest: string }[];
  };
  const wasm = "application/vnd.wasm.content.layer.v1";
  const applicationType = "application/vnd.fermyon.spin.application.v1+config";
  assert.deepEqual(
    layers.map(({ mediaType }) => mediaType),
    [`${wasm}+wasm`, `${wasm}+data`, applicationType],
  );
  const [first, , last] = layers;
  const fetched = { "fetched.wasm": first, "locked.json": last };
  for (const [file, layer] of Object.entries(fetched)) {
    await oras(["blob", "fetch", "--plain-http", "--output", file, `${ground.host}/early@${layer?.digest}`], ground);
  }
  assert.deepEqual(readFileSync(join(ground.cwd, "fetched.wasm")), readFileSync(module));
  await ground.skopeo("copy --src-tls-verify=false docker://@early:v1 oci:layout:early");
  await ground.skopeo("copy --dest-tls-verify=false oci:layout:early docker://@back:v1");
  kwasm.write(
    "config.json",
    JSON.stringify({ architecture: "wasm", os: "Wasip1", rootfs: { type: "layers", diff_ids: [] } }),
  );
  const files = ["fetched.wasm:", "early/a.txt:", "locked.json:"].map(
    (file, at) => file + String(layers[at]?.mediaType),
  );
  const config = "config.json:application/vnd.oci.image.config.v1+json";
  await ground.oras(`push --plain-http --config ${config} @pushed:v1 ${files.join(" ")}`);
  for (const name of ["early", "back", "pushed"]) await ground.kwasmLine(`pull -q @${name}:v1`);
  for (const operand of [
    join(ground.cwd, "layout"),
    ...["early", "back", "pushed"].map((name) => `${ground.host}/${name}:v1`),
  ]) {
    await using served = await servedBy(kwasm, operand);
    assert.deepEqual(await served.ask("hello"), [203, "as it was"], operand);
  }
});
