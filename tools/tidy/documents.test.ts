import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { posix, resolve } from "node:path";
import { test } from "node:test";

import packageManifest from "../../package.json" with { type: "json" };
import { anchorsOf, codeWordsOf, type Document, readDocuments, relativeLinksOf } from "./markdown.ts";
import { importTable } from "./parts.ts";
import { readText, root } from "./source-tree.ts";

const documents = readDocuments();
const byPath = new Map(documents.map((document) => [document.path, document]));

function documentAt(path: string): Document {
  const document = byPath.get(path);
  assert.ok(document !== undefined, `${path} exists`);
  return document;
}

function isThere(path: string): boolean {
  return existsSync(resolve(root, path));
}

test("links inside the tree lead somewhere", () => {
  const broken = documents.flatMap((document) =>
    relativeLinksOf(document).flatMap((link) => {
      const [path = "", anchor] = link.split("#");
      const target = path === "" ? document.path : posix.join(posix.dirname(document.path), path);
      const linked = byPath.get(target);
      const isFound =
        isThere(target) && (anchor === undefined || linked === undefined || anchorsOf(linked).includes(anchor));
      return isFound ? [] : [`${document.path}: ${link}`];
    }),
  );
  assert.deepEqual(broken, []);
});

test("files and folders that documents name exist", () => {
  const ours = /^(?:src|tools|docs|bench|e2e|examples|types|\.ci)\/[\w./-]*$/;
  const absent = documents.flatMap((document) =>
    codeWordsOf(document)
      .filter((word) => ours.test(word) && !isThere(word))
      .map((word) => `${document.path}: ${word}`),
  );
  assert.deepEqual(absent, []);
});

test("the code map of ARCHITECTURE.md has every part", () => {
  const words = codeWordsOf(documentAt("ARCHITECTURE.md"));
  const parts = Object.keys(importTable).filter((part) => isThere(`src/${part}`));
  assert.deepEqual(
    parts.filter((part) => !words.includes(`src/${part}/`)),
    [],
  );
});

test("every runtime dependency has its line of reason in ARCHITECTURE.md", () => {
  const words = codeWordsOf(documentAt("ARCHITECTURE.md"));
  const dependencies = Object.keys({ ...packageManifest.dependencies, ...packageManifest.optionalDependencies });
  assert.deepEqual(
    dependencies.filter((name) => !words.includes(name)),
    [],
  );
});

test("every invariant of ARCHITECTURE.md names a test that exists", () => {
  const paragraphs = documentAt("ARCHITECTURE.md").prose.split(/\n\s*\n|\n(?=- )/);
  const invariants = paragraphs.filter((paragraph) => paragraph.includes("**Invariant:**"));
  assert.ok(invariants.length > 0, "there are invariants");
  for (const invariant of invariants) {
    const { path, name } = /_Held by\s+`(?<path>[^`]+)`:\s+"(?<name>[^"]+)"\._/.exec(invariant)?.groups ?? {};
    assert.ok(path !== undefined && name !== undefined, `names its test: ${invariant}`);
    const heldBy = name.replaceAll(/\s+/g, " ");
    assert.ok(isThere(path) && readText(path).includes(`"${heldBy}"`), `${path} has the test "${heldBy}"`);
  }
});
