import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { parse } from "yaml";

import { clusterPermissions, namespacePermissions, type Permission } from "./permissions.ts";

const templates = join(import.meta.dirname, "../../charts/kwasm-operator/templates");

/** The rules of a template: they have nothing in them that the chart fills in. */
function rulesOf(template: string): unknown {
  const text = readFileSync(join(templates, template), "utf8");
  const [, rules = ""] = /^(rules:\n(?: .*\n)+)/mu.exec(text) ?? [];
  return (parse(rules) as { readonly rules: unknown }).rules;
}

const rows: readonly (readonly [string, readonly Permission[]])[] = [
  ["cluster-role.yaml", clusterPermissions],
  ["role.yaml", namespacePermissions],
];

test("the chart's roles are what the operator asks for", () => {
  for (const [template, permissions] of rows) assert.deepEqual(rulesOf(template), permissions, template);
});
