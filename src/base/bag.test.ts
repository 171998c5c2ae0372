import assert from "node:assert/strict";
import { test } from "node:test";
import { Bag, type Placed } from "./bag.ts";

class Member implements Placed {
  place: number | undefined;
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

function namesIn(bag: Bag<Member>): string[] {
  return Array.from(bag, ({ name }) => name).toSorted();
}

test("a bag holds what was put in and not taken out, each once", () => {
  const bag = new Bag<Member>();
  const [a, b, c] = ["a", "b", "c"].map((name) => new Member(name)) as [Member, Member, Member];
  for (const member of [a, b, c, a]) bag.add(member);
  assert.deepEqual(namesIn(bag), ["a", "b", "c"]);
  bag.delete(a);
  bag.delete(a);
  assert.deepEqual(namesIn(bag), ["b", "c"]);
  bag.add(a);
  bag.delete(b);
  bag.delete(c);
  assert.deepEqual([namesIn(bag), bag.size, bag.has(a), bag.has(b)], [["a"], 1, true, false]);
});

test("all can be taken out at once, and put in again", () => {
  const bag = new Bag<Member>();
  for (const name of ["a", "b"]) bag.add(new Member(name));
  const taken = bag.takeAll();
  assert.deepEqual([taken.length, bag.size], [2, 0]);
  for (const member of taken) bag.add(member);
  assert.deepEqual(namesIn(bag), ["a", "b"]);
});

test("members may leave while a bag is looked through", () => {
  const bag = new Bag<Member>();
  for (const name of ["a", "b", "c"]) bag.add(new Member(name));
  let seen = 0;
  for (const member of bag) {
    bag.delete(member);
    seen += 1;
  }
  assert.deepEqual([seen, bag.size], [3, 0]);
});
