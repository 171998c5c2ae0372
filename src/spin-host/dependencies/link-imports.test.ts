import assert from "node:assert/strict";
import { test } from "node:test";
import { linkImports, matchesImport } from "./link-imports.ts";

function check(dependency: string, imports: Readonly<Record<string, boolean>>): void {
  test(`"${dependency}" stands for the imports that it names`, () => {
    const found = Object.keys(imports).map((wanted) => [wanted, matchesImport(dependency, wanted)]);
    assert.deepEqual(Object.fromEntries(found), imports);
  });
}

check("foo:bar/baz@0.1.0", { "foo:bar/baz@0.1.0": true, "foo:bar/baz": false, "foo:bar/baz@0.1.1": false });
check("foo:bar/baz", { "foo:bar/baz@0.1.0": true, "foo:bar/baz": true, "foo:bar/bub": false, "foo-bar": false });
check("foo:bar", { "foo:bar/baz@0.1.0": true, "foo:bar/bub": true, "foo:bub/bib": false });
check("foo:bar@0.1.0", { "foo:bar/baz@0.1.0": true, "foo:bar/baz": false, "foo:bar/baz@0.2.0": false });
check("foo-bar", { "foo-bar": true, "foo:bar/baz": false });

test("an import is linked to the export of its name, or to the one that is named", () => {
  const imports = ["a:b/c@1.0.0", "a:b/d@1.0.0", "e:f/g"];
  const links = linkImports("x", imports, [
    { name: "a:b", inherits: [] },
    { name: "e:f/g", export: "h:i/j", inherits: "all" },
  ]);
  assert.deepEqual(links, [
    new Map([
      ["a:b/c@1.0.0", "a:b/c@1.0.0"],
      ["a:b/d@1.0.0", "a:b/d@1.0.0"],
    ]),
    new Map([["e:f/g", "h:i/j"]]),
  ]);
});
