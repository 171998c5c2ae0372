import assert from "node:assert/strict";
import test from "node:test";

import { nearestWord } from "./nearest-word.ts";

const words = ["replicas", "selector", "template", "image", "imagePullPolicy", "env", "envFrom"];

function check(name: string, expected: string | undefined): void {
  test(`${name.slice(0, 20)} is taken for ${expected ?? "nothing"}`, () => {
    assert.equal(nearestWord(name, words), expected);
  });
}

check("replica", "replicas");
check("Replicas", "replicas");
check("imagepullpolicy", "imagePullPolicy");
check("slector", "selector");
check("tempalte", "template");
check("enf", "env");
check("unrelated", undefined);
check("x".repeat(100_000), undefined);
