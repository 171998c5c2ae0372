import assert from "node:assert/strict";
import test from "node:test";

import * as fc from "fast-check";
import { parse } from "smol-toml";

import { scanTables } from "./scan-tables.ts";

function check(name: string, text: string, expected: readonly (readonly string[])[]): void {
  test(`headers: ${name}`, () => {
    assert.deepEqual(
      scanTables(text).map(({ path }) => path),
      expected,
    );
  });
}

check("none", "a = 1\n", []);
check("bare and quoted keys", `[a."b.c".'d e']\n`, [["a", "b.c", "d e"]]);
check("spaces and comments", "  [ a . b ] # c\n", [["a", "b"]]);
check("arrays of tables end a table and are none", "[a]\n[[b]]\n[c]", [["a"], ["c"]]);
check("in a list of several lines", 'a = [\n  "x",\n  [1],\n]\n[b]\n', [["b"]]);
check("in a string of several lines", 'a = """\n[x]\n"""\n[b]\n', [["b"]]);
check("in a literal of several lines", "a = '''\n[x]\n'''\n[b]\n", [["b"]]);
check("quotes at the end of a string of several lines", 'a = """x""""\n[b]\n', [["b"]]);
check("brackets in strings and comments", "a = \"[\" # [\nb = '['\n[c]\n", [["c"]]);
check("lines of a template", '{{ template "base" . }}\n{{ if .X }}\n[a]\n{{ end }}\n', [["a"]]);
check("inline tables", "a = { b = [1, 2] }\n[c]\n", [["c"]]);

const key = fc.constantFrom("a", "b", '"c.d"', "'e f'", "g-h");
const value = fc.constantFrom(
  "1",
  '"[x]"',
  "'[y]'",
  '"""\n[z]\n"""',
  "[\n1,\n2,\n]",
  "{ q = [1] }",
  "'''[w]\n'''",
  '"\\"["',
);
const table = fc.tuple(
  fc.uniqueArray(key, { minLength: 1, maxLength: 3 }),
  fc.uniqueArray(key, { maxLength: 3 }),
  value,
);

test("what is found are the tables that a parser finds", () => {
  fc.assert(
    fc.property(fc.array(table, { maxLength: 5 }), (tables) => {
      const text = tables
        .map(
          ([path, keys, content], index) =>
            `[t${String(index)}.${path.join(".")}]\n${keys.map((name) => `${name} = ${content}\n`).join("")}`,
        )
        .join("# [no]\n");
      const found = scanTables(text);
      assert.equal(found.length, tables.length);
      found.forEach(({ path, start, end }, index) => {
        assert.equal(path[0], `t${String(index)}`);
        assert.deepEqual(Object.keys(parse(text.slice(start, end))), [path[0]]);
      });
    }),
  );
});
