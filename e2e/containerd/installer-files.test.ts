import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { parse } from "smol-toml";

import { runtimeHandlers } from "#api";

import { FakeNode } from "../../src/installer/testing/fake-node.ts";
import { nodeFixtures } from "../../src/installer/testing/fixtures.ts";
import { handlersOfTable } from "../../src/installer/toml/handler-tables.ts";
import { type ContainerdVersion, openPrefix } from "./prefix.ts";
import { versionsUnderTest } from "./versions-under-test.ts";

/** Where a node's containerd begins to read; `base` is what K3s puts in place of its own template. */
const beginnings = [
  { path: "etc/containerd/config.toml" },
  { path: "etc/k0s/containerd.d/kwasm.toml" },
  { path: "var/snap/microk8s/current/args/containerd-template.toml" },
  ...["k3s", "rke2"].flatMap((product) => {
    const folder = `var/lib/rancher/${product}/agent/etc/containerd`;
    const base = `${folder}/.base`;
    return ["config-v3.toml.tmpl", "config.toml.tmpl", ".base"].map((name) => ({ path: `${folder}/${name}`, base }));
  }),
] as const satisfies readonly { path: string; base?: string }[];

function readNodeFile(node: FakeNode, path: string): string | undefined {
  return node.host.readFile(`/${path}`)?.content.toString();
}

/** What its containerd would be started with; paths of the node are where its root is. */
function writeConfiguration(node: FakeNode): string {
  const found = beginnings.find(({ path }) => readNodeFile(node, path) !== undefined);
  assert.ok(found !== undefined);
  const text = readNodeFile(node, found.path) ?? "";
  const base = "base" in found ? (readNodeFile(node, found.base) ?? "") : "";
  const file = join(node.root, "checked.toml");
  writeFileSync(
    file,
    text.replace('{{ template "base" . }}', base).replaceAll(/(?<=["'])(?=\/(?:etc|var)\/)/gu, node.root),
  );
  return file;
}

/** 2.3 is the first with files of version 4, and Debian has none yet. */
function fixturesOf(version: ContainerdVersion): readonly string[] {
  const fixtures = nodeFixtures.filter(
    (fixture) => fixture.split("-")[1] === version || fixture === `eks-al${version}023`,
  );
  return version === "1.7" ? [...fixtures, "eks-al2"] : fixtures;
}

for (const version of versionsUnderTest) {
  suite(`containerd ${version} reads what the installer wrote`, async () => {
    const { programs, libraries, environment } = await openPrefix(version);
    const env = { ...process.env, ...environment, LD_LIBRARY_PATH: libraries.join(":") };
    for (const fixture of fixturesOf(version)) {
      test(fixture, async () => {
        using node = new FakeNode(fixture);
        const report = await node.perform("install");
        assert.equal(report.outcome, "installed", report.message);
        const command = ["--config", writeConfiguration(node), "config", "dump"];
        const output = execFileSync(join(programs[0] ?? "", "containerd"), command, {
          env,
          encoding: "utf8",
          stdio: ["ignore", "pipe", "ignore"],
        });
        const read = new Map(handlersOfTable(parse(output)).map(({ name, runtimeType }) => [name, runtimeType]));
        for (const name of runtimeHandlers) assert.match(read.get(name) ?? "", /\/bin\/containerd-shim-/u, name);
      });
    }
  });
}
