import assert from "node:assert/strict";
import { test } from "node:test";

import { KwasmError } from "#base";

import { readSettings, type Settings, type Variables } from "./settings.ts";

const defaults: Settings = {
  namespace: "kwasm",
  installerImage: "installer:default",
  shimInstallerImage: "installer:default",
  pullPolicy: undefined,
  pullSecrets: [],
  isAutomatic: false,
  maxUnavailable: { count: 1 },
  startupTaint: undefined,
  runtimeClasses: [
    { name: "kwasm", handler: "kwasm" },
    { name: "wasmtime-spin-v2", handler: "spin" },
  ],
};

function check(variables: Variables, expected: Partial<Settings> | RegExp): void {
  const read = (): Settings => readSettings({ CONTROLLER_NAMESPACE: "kwasm", ...variables }, "installer:default");
  if (!(expected instanceof RegExp)) {
    assert.deepEqual(read(), { ...defaults, ...expected });
    return;
  }
  assert.throws(read, (error) => error instanceof KwasmError && expected.test(error.message));
}

const rows: readonly (readonly [string, Variables, Partial<Settings> | RegExp])[] = [
  ["what is not said is as the chart has it", {}, {}],
  ["what is empty is not said", { INSTALLER_IMAGE: "", MAX_UNAVAILABLE: "", STARTUP_TAINT: "" }, {}],
  ["another's installer", { INSTALLER_IMAGE: "ghcr.io/a/b:1" }, { installerImage: "ghcr.io/a/b:1" }],
  ["a copy of ours for shims", { SHIM_INSTALLER_IMAGE: "copy:1" }, { shimInstallerImage: "copy:1" }],
  ["all nodes, in any case as KWasm took it", { AUTO_PROVISION_NODES: "True" }, { isAutomatic: true }],
  ["any other word is none", { AUTO_PROVISION_NODES: "yes" }, {}],
  ["secrets by commas", { INSTALLER_IMAGE_PULL_SECRETS: "a,b" }, { pullSecrets: ["a", "b"] }],
  ["a number of nodes at once", { MAX_UNAVAILABLE: "12" }, { maxUnavailable: { count: 12 } }],
  ["a part of all nodes at once", { MAX_UNAVAILABLE: "100%" }, { maxUnavailable: { percent: 100 } }],
  ["none at once", { MAX_UNAVAILABLE: "0" }, /read "MAX_UNAVAILABLE": "0" is neither/u],
  ["more than all", { MAX_UNAVAILABLE: "101%" }, /"101%" is neither/u],
  ["a taint", { STARTUP_TAINT: "kwasm.sh/not-ready" }, { startupTaint: "kwasm.sh/not-ready" }],
  ["no class", { RUNTIME_CLASSES: "[]" }, { runtimeClasses: [] }],
  [
    "a class of a handler that nobody serves",
    { RUNTIME_CLASSES: '[{"name":"a","handler":"runc"}]' },
    /the class "a" has the handler "runc"/u,
  ],
  ["a class without a name", { RUNTIME_CLASSES: '[{"handler":"spin"}]' }, /undefined is no name of a RuntimeClass/u],
  ["classes that are no JSON", { RUNTIME_CLASSES: "kwasm" }, /read "RUNTIME_CLASSES"/u],
  ["a value of the longest length", { INSTALLER_IMAGE: "i".repeat(16_384) }, { installerImage: "i".repeat(16_384) }],
  ["a value that is longer", { INSTALLER_IMAGE: "i".repeat(16_385) }, /16384 characters at most/u],
  ["no namespace", { CONTROLLER_NAMESPACE: undefined }, /set it to the namespace of the operator/u],
];

for (const [name, variables, expected] of rows) test(`settings: ${name}`, () => check(variables, expected));
