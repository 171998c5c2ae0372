import assert from "node:assert/strict";
import { test } from "node:test";
import type { HostInterface } from "../component/index.ts";
import { OfferedInterfaces, type VersionedPackages } from "./offered-interfaces.ts";

const named = (name: string): HostInterface => ({ functions: { [name]: () => name }, resources: {} });

const offered: readonly VersionedPackages[] = [
  { version: "", compatibleAs: "", packages: { "a:b/alone": () => ({ alone: named("unversioned") }) } },
  {
    version: "2.1.0",
    compatibleAs: "2",
    packages: {
      "a:b": () => ({ together: named("together"), alone: named("never") }),
      "a:b/alone": () => ({ alone: named("alone") }),
    },
  },
];

function check(name: string, expected: string | undefined): void {
  test(`${name} is ${expected ?? "not offered"}`, () => {
    // None of these looks at what it is made of.
    const found = new OfferedInterfaces(offered, undefined as never).find(name);
    assert.deepEqual(Object.keys(found?.functions ?? {}), expected === undefined ? [] : [expected]);
  });
}

check("a:b/together@2.0.0", "together");
check("a:b/alone@2.0.0", "alone");
check("a:b/alone", "unversioned");
check("a:b/together", undefined);
check("a:b/alone@3.0.0", undefined);
check("a:b/toString@2.0.0", undefined);
check("toString/alone", undefined);
check("alone", undefined);
