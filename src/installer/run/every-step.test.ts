import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";

import * as fc from "fast-check";

import { runtimeHandlers } from "#api";

import { detectPreset } from "../presets/index.ts";
import { FakeNode } from "../testing/fake-node.ts";
import { nodeFixtures } from "../testing/fixtures.ts";
import type { TestHost } from "../testing/test-host.ts";

const former = /kwasm|rcm|kis/u;
const untouched = nodeFixtures.filter((name) => !former.test(name));

function checkSame(node: FakeNode, before: ReadonlyMap<string, string>, message: string): void {
  assert.deepEqual(Object.fromEntries(node.read()), Object.fromEntries(before), message);
}

suite("a node", () => {
  for (const fixture of nodeFixtures) {
    test(`${fixture}: serves all handlers once installed, and has nothing to change then`, async () => {
      using node = new FakeNode(fixture);
      const report = await node.perform("install");
      assert.equal(report.outcome, "installed", report.message);
      for (const handler of runtimeHandlers) assert.ok(report.handlers.includes(handler), handler);
      const installed = node.read();
      const again = await node.perform("install");
      assert.equal(again.outcome, "unchanged", again.message);
      assert.deepEqual(
        node.host.commands.filter((line) => line.includes("restart") || line.startsWith("kill")),
        [],
      );
      installed.forEach((content, path) => {
        if (!path.endsWith("install-report.json")) assert.equal(node.read().get(path), content, path);
      });
    });
  }

  for (const fixture of untouched) {
    test(`${fixture}: is as it was when containerd does not start with the new configuration`, async () => {
      using node = new FakeNode(fixture);
      const before = node.read();
      node.containerd.startsToFail = 1;
      const report = await node.perform("install");
      assert.equal(report.outcome, "rolled-back", report.message);
      assert.equal(report.reason, "ContainerdNotStarted");
      checkSame(node, before, "as before");
      assert.ok(node.containerd.answer().handlers.has("runc"));
    });

    test(`${fixture}: is not restarted when containerd's parser refuses the new configuration`, async () => {
      using node = new FakeNode(fixture);
      const before = node.read();
      node.containerd.refusal = "containerd: invalid plugin config";
      const report = await node.perform("install");
      assert.equal(report.outcome, "rolled-back", report.message);
      assert.match(report.message, /invalid plugin config/u);
      assert.deepEqual(
        node.host.commands.filter((line) => line.includes("restart") || line.startsWith("kill")),
        [],
      );
      checkSame(node, before, "as before");
    });

    test(`${fixture}: keeps what its user adds, and loses all of ours`, async () => {
      using node = new FakeNode(fixture);
      await node.perform("install");
      const files = [...node.read().keys()].filter((path) => /(?:config|template)[\w.-]*\.(?:toml|tmpl)$/u.test(path));
      const added = '\n[timeouts]\n  "io.containerd.timeout.bolt.open" = "0s"\n';
      const edited = files.filter((path) => readFileSync(join(node.root, path), "utf8").includes("# kwasm:"));
      for (const path of edited) writeFileSync(join(node.root, path), added, { flag: "a" });
      assert.equal((await node.perform("uninstall")).outcome, "removed");
      for (const path of edited) {
        const text = readFileSync(join(node.root, path), "utf8");
        assert.ok(text.endsWith(added) && !text.includes("kwasm"), text);
      }
      assert.ok(node.containerd.start(node.host));
    });
  }
});

suite("uninstall gives back every byte", () => {
  for (const fixture of untouched) {
    test(fixture, async () => {
      using node = new FakeNode(fixture);
      const before = node.read();
      await node.perform("install");
      const report = await node.perform("uninstall");
      assert.equal(report.outcome, "removed", report.message);
      checkSame(node, before, "as before");
      assert.deepEqual(
        [...node.containerd.answer().handlers.keys()].filter((name) => name === "kwasm"),
        [],
      );
      assert.equal((await node.perform("uninstall")).outcome, "removed");
    });
  }
});

/** Of a distribution; each takes some hundred writes that the disk has to confirm. */
const KILLS = process.env["KWASM_E2E"] === "all" ? 60 : 5;

suite("an installer that is killed", () => {
  const whens = ["before", "within", "after"] as const;
  for (const fixture of nodeFixtures) {
    test(`${fixture}: at any step leaves a containerd that starts, and the next one finishes`, async () => {
      const steps = await countSteps(fixture);
      const kill = fc.record({ at: fc.integer({ min: 1, max: steps }), when: fc.constantFrom(...whens) });
      await fc.assert(
        fc.asyncProperty(
          fc.constantFrom("install", "uninstall"),
          kill,
          fc.record({ second: fc.constantFrom("install", "uninstall"), edits: fc.array(edit, { maxLength: 3 }) }),
          (first, one, { second, edits }) => checkKill(fixture, { first, kill: one, second, edits }),
        ),
        { numRuns: KILLS },
      );
    });
  }

  for (const fixture of ["containerd-1.6", "containerd-2-v3", "k3s-1.7-kwasm"]) {
    test(`${fixture}: at every single step, within it or around it`, async () => {
      const steps = await countSteps(fixture);
      for (let at = 1; at <= steps; at += 1) {
        for (const when of whens) {
          await checkKill(fixture, { first: "install", kill: { at, when }, second: "install", edits: [] });
        }
      }
    });
  }
});

async function countSteps(fixture: string): Promise<number> {
  using node = new FakeNode(fixture);
  await node.perform("install");
  return node.host.steps;
}

/** What users do to their files before we come; containerd reads all of it. */
const edits: Readonly<Record<string, (text: string) => string>> = {
  "a comment first": (text) => `# wasmtime, spin and [brackets\n${text}`,
  "a comment last, without a line end": (text) => `${text.replace(/\n*$/u, "\n")}# the end`,
  "lines that end as on Windows": (text) => text.replaceAll(/\r?\n/gu, "\r\n"),
  "no line end": (text) => text.trimEnd(),
  "a table last": (text) => `${text}\n[timeouts]\n  "io.containerd.timeout.bolt.open" = "0s"\n`,
  "a string of several lines": (text) =>
    `${text}\n[kept]\n  note = """\n[plugins]\n# kwasm\n"""\n  list = [\n    "[a]", # [\n  ]\n`,
};
const edit = fc.constantFrom(...Object.keys(edits));
const configurations = /^etc\/containerd\/config\.toml$|containerd-template\.toml$|config[\w-]*\.toml\.tmpl$/u;

/** Edits of the same file one after the other; a table may be there once. */
function editConfigurations(node: FakeNode, names: readonly string[]): void {
  const paths = [...node.read().keys()].filter((path) => configurations.test(path));
  for (const path of paths.map((name) => join(node.root, name))) {
    for (const name of new Set(names)) writeFileSync(path, edits[name]?.(readFileSync(path, "utf8")) ?? "");
  }
  assert.ok(node.containerd.start(node.host), "containerd starts with the user's edits");
}

interface KillCase {
  readonly edits: readonly string[];
  readonly first: "install" | "uninstall";
  readonly kill: { readonly at: number; readonly when: TestHost["killWhen"] };
  readonly second: "install" | "uninstall";
}

async function checkKill(fixture: string, { first, kill, second, edits: names }: KillCase): Promise<void> {
  using node = new FakeNode(fixture);
  editConfigurations(node, names);
  const before = node.read();
  if (first === "uninstall") await node.perform("install");
  await node.perform(first, kill);
  assert.ok(node.containerd.start(node.host), "containerd starts after the kill");
  const report = await node.perform(second);
  const good = second === "install" ? ["installed", "unchanged"] : ["removed"];
  assert.ok(good.includes(report.outcome), report.message);
  assert.ok(node.containerd.start(node.host), "containerd starts in the end");
  const served = node.containerd.answer().handlers;
  assert.deepEqual(
    runtimeHandlers.filter((name) => served.has(name)),
    second === "install" ? runtimeHandlers : [],
  );
  assert.equal((await node.perform("uninstall")).outcome, "removed");
  if (!former.test(fixture)) checkSame(node, before, "every byte is back");
}

test("a distribution is recognised by its node's files", () => {
  const expected: Readonly<Record<string, string>> = { containerd: "containerd", gke: "gke-ubuntu", eks: "eks" };
  for (const fixture of nodeFixtures) {
    using node = new FakeNode(fixture);
    const family = fixture.split("-")[0] ?? "";
    assert.ok(detectPreset(node.host).name.startsWith(expected[family] ?? family), fixture);
  }
});
