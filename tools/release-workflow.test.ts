import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { parse } from "yaml";

import packageManifest from "../package.json" with { type: "json" };

const root = join(import.meta.dirname, "..");

interface Step {
  readonly run?: string;
  readonly uses?: string;
}

interface Job {
  readonly permissions?: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
}

// The shape is GitHub's, and the tests below fail where the file has another.
const workflow = parse(readFileSync(join(root, ".github/workflows/release.yaml"), "utf8")) as {
  readonly permissions: object;
  readonly jobs: Readonly<Record<string, Job>>;
};
const jobs = Object.values(workflow.jobs);
const steps = jobs.flatMap((job) => job.steps);
const scripts = steps.map(({ run = "" }) => run);

test("the release grants each job only what it writes, and runs no step of somebody else's", () => {
  assert.deepEqual(workflow.permissions, {});
  assert.deepEqual(
    jobs.map(({ permissions }) => permissions),
    [
      { contents: "read", packages: "write" },
      { contents: "write", packages: "write" },
    ],
  );
  assert.deepEqual(
    steps.filter(({ uses }) => uses !== undefined),
    [],
  );
});

test("the release's scripts are shell, without text of others in them", () => {
  for (const script of scripts) {
    execFileSync("bash", ["-n"], { input: script });
    assert.doesNotMatch(script, /\$\{\{/u);
  }
});

test("the release calls programs and files of this tree that exist", () => {
  const paths = scripts.flatMap((script) => script.match(/(?<![\w/])(?:tools|charts|deploy)\/[\w./-]+/gu) ?? []);
  assert.ok(paths.includes("tools/make-images"));
  assert.deepEqual(
    paths.filter((path) => !existsSync(join(root, path))),
    [],
  );
  for (const path of paths.filter((one) => one.startsWith("tools/"))) accessSync(join(root, path), constants.X_OK);
});

test("a tag of another version than the tree's is refused", () => {
  const program = join(root, "tools/check-tag");
  execFileSync(program, [`v${packageManifest.version}`]);
  for (const tag of [packageManifest.version, "v99.0.0", ""]) {
    assert.throws(() => execFileSync(program, [tag], { stdio: "pipe" }), /tag its commit/u);
  }
});
