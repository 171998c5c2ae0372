import assert from "node:assert/strict";
import { test } from "node:test";

import { ADDITIONAL_GIDS_MAX, ID_MAX, userOf } from "./bundle-user.ts";

test("a container's user is its numbers, 0 where one is left out", () => {
  assert.deepEqual(userOf({ uid: 1000, gid: 3000, additionalGids: [2000] }), {
    uid: 1000,
    gid: 3000,
    additionalGids: [2000],
  });
  assert.deepEqual(userOf({}), { uid: 0, gid: 0, additionalGids: [] });
  assert.equal(userOf(undefined), undefined);
});

test("a number beyond those that users have is refused with its field", () => {
  assert.equal(userOf({ uid: ID_MAX })?.uid, ID_MAX);
  for (const id of [ID_MAX + 1, -1, 1.5, "0", null]) {
    assert.throws(() => userOf({ uid: id }), { code: "invalid-argument", message: /"uid"/u });
    assert.throws(() => userOf({ gid: id }), { code: "invalid-argument", message: /"gid"/u });
    assert.throws(() => userOf({ additionalGids: [id] }), { code: "invalid-argument", message: /"additionalGids"/u });
  }
  assert.throws(() => userOf({ additionalGids: 7 }), { code: "invalid-argument" });
});

test("a container may have as many groups as the limit and no more", () => {
  const groups = Array.from({ length: ADDITIONAL_GIDS_MAX + 1 }, (_, index) => index);
  assert.equal(userOf({ additionalGids: groups.slice(1) })?.additionalGids.length, ADDITIONAL_GIDS_MAX);
  assert.throws(() => userOf({ additionalGids: groups }), { code: "limit-exceeded" });
});
