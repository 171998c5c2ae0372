import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { test } from "node:test";
import type { ErrorCode } from "#base";
import type { RegistryLimits } from "./limits.ts";
import { listTags } from "./list-tags.ts";
import { PullGround } from "./testing/pull-ground.ts";

/** Answers page after page; the last one may name a next one too. */
function check(title: string, pages: readonly ((response: ServerResponse) => void)[], expected: Expected): void {
  test(`tags: ${title}`, async () => {
    await using ground = new PullGround();
    const registry = await ground.serve();
    let at = 0;
    registry.script = ({ url = "" }, response) => {
      if (!url.includes("/tags/list")) return false;
      const answer = pages[Math.min(at, pages.length - 1)];
      at += 1;
      answer?.(response);
      return true;
    };
    const listed = listTags(`${registry.host}/app`, ground.access(expected.limits ?? {}));
    if (expected.tags === undefined) {
      await assert.rejects(listed, { code: expected.code, message: expected.message ?? /./ });
    } else assert.deepEqual(await listed, expected.tags);
  });
}

interface Expected {
  readonly limits?: Partial<RegistryLimits>;
  readonly tags?: readonly string[];
  readonly code?: ErrorCode;
  readonly message?: RegExp;
}

function page(tags: unknown, next?: string): (response: ServerResponse) => void {
  const headers = next === undefined ? {} : { link: `<${next}>; rel="next"` };
  return (response) => void response.writeHead(200, headers).end(JSON.stringify({ name: "app", tags }));
}

const more = "/v2/app/tags/list?n=2&last=b";

check("one page", [page(["b", "a"])], { tags: ["b", "a"] });
check("several pages, and a tag that is in two", [page(["a", "b"], more), page(["b", "c"])], { tags: ["a", "b", "c"] });
check("none, as Go writes it", [page(null)], { tags: [] });
check("no list", [page({ a: 1 })], { code: "corrupt", message: /no list of texts/ });
check("no JSON", [(response) => void response.end("[".repeat(1000))], { code: "corrupt", message: /no JSON/ });
check("pages without end", [page(["a"], more)], { limits: { tagPagesMax: 3 }, code: "limit-exceeded" });
check("as many as are taken", [page(["a", "b", "c"])], { limits: { tagsMax: 3 }, tags: ["a", "b", "c"] });
check("one more than are taken", [page(["a", "b", "c"])], { limits: { tagsMax: 2 }, code: "limit-exceeded" });
check("a page without end", [page(["a".repeat(1000)])], { limits: { tagListBytesMax: 999 }, code: "limit-exceeded" });
check("a next page of another host", [page(["a"], "http://127.0.0.2:1/v2/")], {
  code: "permission-denied",
  message: /another host/,
});

test("a name with a tag is refused before anything is asked", async () => {
  await using ground = new PullGround();
  const registry = await ground.serve();
  for (const name of ["app:v1", `app@sha256:${"0".repeat(64)}`]) {
    await assert.rejects(listTags(`${registry.host}/${name}`, ground.access()), { code: "invalid-argument" });
  }
  assert.deepEqual(registry.asked, []);
});
