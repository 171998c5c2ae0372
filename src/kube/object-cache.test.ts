import assert from "node:assert/strict";
import { test } from "node:test";

import * as fc from "fast-check";

import { type Change, ObjectCache } from "./object-cache.ts";

interface Item {
  readonly color: string;
}

const indexes = { byColor: ({ color }: Item) => [color] };

test("what a list does not name is gone", () => {
  const cache = new ObjectCache<Item>(indexes);
  cache.put({ key: "a", resourceVersion: "1", item: { color: "red" } });
  cache.put({ key: "b", resourceVersion: "2", item: { color: "red" } });
  cache.beginList();
  cache.put({ key: "b", resourceVersion: "2", item: { color: "red" } });
  assert.deepEqual(cache.endList(), [{ kind: "deleted", key: "a", item: { color: "red" } }]);
  assert.deepEqual(cache.byIndex("byColor", "red"), [{ color: "red" }]);
});

test("a version that leaves the item the same is silent", () => {
  const cache = new ObjectCache<Item>();
  assert.equal(cache.put({ key: "a", resourceVersion: "1", item: { color: "red" } })?.kind, "added");
  assert.equal(cache.put({ key: "a", resourceVersion: "2", item: { color: "red" } }), undefined);
  assert.equal(cache.put({ key: "a", resourceVersion: "3", item: { color: "blue" } })?.kind, "updated");
});

const key = fc.constantFrom("a", "b", "c", "d");
const item = fc.record({ color: fc.constantFrom("red", "green", "blue") });
const step = fc.oneof(
  fc.record({ kind: fc.constant("put" as const), key, item }),
  fc.record({ kind: fc.constant("remove" as const), key }),
  fc.record({ kind: fc.constant("list" as const), items: fc.dictionary(key, item), isCut: fc.boolean() }),
);

test("whoever follows the changes knows what the cache knows, and indexes agree with it", () => {
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const cache = new ObjectCache<Item>(indexes);
      const truth = new Map<string, Item>();
      const follower = new Map<string, Item>();
      let version = 0;
      function follow(change: Change<Item> | undefined): void {
        if (change === undefined) return;
        assert.equal(follower.has(change.key), change.kind !== "added");
        if (change.kind === "deleted") follower.delete(change.key);
        else follower.set(change.key, change.item);
      }
      function put(name: string, value: Item): void {
        version += 1;
        truth.set(name, value);
        follow(cache.put({ key: name, resourceVersion: String(version), item: value }));
      }
      for (const each of steps) {
        if (each.kind === "put") put(each.key, each.item);
        if (each.kind === "remove") {
          truth.delete(each.key);
          follow(cache.remove(each.key));
        }
        if (each.kind !== "list") continue;
        cache.beginList();
        for (const [name, value] of Object.entries(each.items)) put(name, value);
        // The connection broke in the middle of the list: nothing is taken for gone.
        if (each.isCut) continue;
        for (const name of truth.keys()) if (!Object.hasOwn(each.items, name)) truth.delete(name);
        for (const change of cache.endList()) follow(change);
      }
      assert.deepEqual(follower, truth);
      for (const color of ["red", "green", "blue"]) {
        const expected = [...truth.values()].filter((value) => value.color === color).length;
        assert.equal(cache.byIndex("byColor", color).length, expected);
      }
    }),
  );
});
