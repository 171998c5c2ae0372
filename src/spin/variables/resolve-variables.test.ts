import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { KwasmError } from "#base";
import type { SpinVariable } from "../application.ts";
import { resolveVariables } from "./resolve-variables.ts";
import { parseTemplate } from "./template.ts";

const plain = { isSecret: false, description: "" };

const variables: ReadonlyMap<string, SpinVariable> = new Map([
  ["api_host", { ...plain, default: "example.com" }],
  ["token", { ...plain, isSecret: true }],
]);

function check(template: string, environment: Readonly<Record<string, string>>, expected: string): void {
  test(`${template} with ${JSON.stringify(environment)}`, () => {
    const named = new Map(Object.entries(environment));
    assert.equal(resolveVariables(variables, named, { takesBareNames: true }).expand(template), expected);
  });
}

check("https://{{ api_host }}/", { SPIN_VARIABLE_TOKEN: "t" }, "https://example.com/");
check("{{api_host}}{{ token }}", { SPIN_VARIABLE_TOKEN: "t", SPIN_VARIABLE_API_HOST: "a" }, "at");
check("{{ token }}", { TOKEN: "bare" }, "bare");
check("{{ token }}", { TOKEN: "bare", SPIN_VARIABLE_TOKEN: "prefixed" }, "prefixed");
check("}} is { text }", { TOKEN: "" }, "}} is { text }");

test("a variable without a value is named with what to set", () => {
  assert.throws(() => resolveVariables(variables, new Map([["TOKEN", "t"]]), { takesBareNames: false }), {
    code: "failed-precondition",
    message: /set "SPIN_VARIABLE_TOKEN" in the environment/,
  });
});

test("a template is the texts and names that it is made of, or refused", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom("{{", "}}", "{", "}", "a", " ")), (words) => {
      const text = words.join("");
      try {
        const parts = parseTemplate(text);
        const back = parts.map((part) => (part.kind === "text" ? part.text : `{{${part.name}}}`)).join("");
        assert.equal(back.replaceAll(" ", ""), text.replaceAll(" ", ""));
      } catch (error) {
        assert.ok(error instanceof KwasmError);
      }
    }),
  );
});
