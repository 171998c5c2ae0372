import assert from "node:assert/strict";
import { test } from "node:test";

import { KwasmError } from "#base";

import { stateDirectoryOf } from "./state-directory.ts";

function check(option: string | undefined, env: Readonly<Record<string, string>>, expected: string): void {
  assert.equal(stateDirectoryOf(option, { env, cwd: "/srv" }), expected);
}

test("the nearest wish wins: option, KWASM_STATE, XDG_STATE_HOME, home", () => {
  const all = { KWASM_STATE: "/kwasm", XDG_STATE_HOME: "/xdg", HOME: "/home/ada" };
  check("/option", all, "/option");
  check(undefined, all, "/kwasm");
  check(undefined, { ...all, KWASM_STATE: "" }, "/xdg/kwasm");
  check(undefined, { HOME: "/home/ada" }, "/home/ada/.local/state/kwasm");
});

test("relative paths start at the working directory", () => {
  check("state", {}, "/srv/state");
  check(undefined, { KWASM_STATE: "../state" }, "/state");
});

test("without any of them the user is asked to choose", () => {
  assert.throws(
    () => stateDirectoryOf(undefined, { env: {}, cwd: "/" }),
    (thrown) => thrown instanceof KwasmError && thrown.code === "failed-precondition",
  );
});
