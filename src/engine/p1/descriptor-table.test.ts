import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { DescriptorBudget, HostError } from "../host/index.ts";
import { Descriptor } from "./descriptor.ts";
import { DescriptorTable } from "./descriptor-table.ts";
import { errno, P1Error } from "./errno.ts";

interface Made {
  readonly descriptor: Descriptor;
  closed: number;
}

function make(): Made {
  const made: Made = {
    closed: 0,
    descriptor: new Descriptor({ kind: "stream", close: () => void (made.closed += 1) }, { base: 0, inheriting: 0 }),
  };
  return made;
}

type Step =
  | { readonly what: "insert" }
  | { readonly what: "close" | "renumber"; readonly from: number; readonly to: number };

const filesOpenMax = 12;
const steps = fc.array(
  fc.oneof(
    fc.record({ what: fc.constant("insert" as const) }),
    fc.record({ what: fc.constantFrom("close" as const, "renumber" as const), from: fc.nat(14), to: fc.nat(14) }),
  ),
  { maxLength: 80 },
);

/** What the table should do, told with a plain map. */
class Model {
  readonly open = new Map<number, Made>();

  lowestFree(): number {
    let fd = 0;
    while (this.open.has(fd)) fd += 1;
    return fd;
  }
}

function insertBoth(table: DescriptorTable, model: Model, all: Made[]): void {
  const made = make();
  if (model.open.size === filesOpenMax) {
    assert.throws(
      () => table.insert(made.descriptor),
      (thrown) => thrown instanceof HostError && thrown.code === "too-many-open-files",
    );
    return;
  }
  const fd = model.lowestFree();
  assert.equal(table.insert(made.descriptor), fd);
  model.open.set(fd, made);
  all.push(made);
}

function applyBoth(table: DescriptorTable, model: Model, step: Exclude<Step, { what: "insert" }>): void {
  const { what, from, to } = step;
  const isBad = !model.open.has(from) || (what === "renumber" && !model.open.has(to));
  const act = (): void => (what === "close" ? table.close(from) : table.renumber(from, to));
  if (isBad) {
    assert.throws(act, (thrown) => thrown instanceof P1Error && thrown.errno === errno.badDescriptor);
    return;
  }
  act();
  if (what === "renumber" && from === to) return;
  const moved = model.open.get(from);
  model.open.delete(from);
  if (what === "renumber" && moved !== undefined) model.open.set(to, moved);
}

test("numbers, moves and closes as POSIX does, closing each descriptor exactly once", () => {
  fc.assert(
    fc.property(steps, (list: readonly Step[]) => {
      const budget = new DescriptorBudget(filesOpenMax);
      const table = new DescriptorTable(budget);
      const model = new Model();
      const all: Made[] = [];
      for (const step of list) {
        if (step.what === "insert") insertBoth(table, model, all);
        else applyBoth(table, model, step);
        const open = new Set(model.open.values());
        for (const made of all) assert.equal(made.closed, open.has(made) ? 0 : 1);
        for (const [fd, made] of model.open) assert.equal(table.get(fd), made.descriptor);
        assert.equal(table.size, model.open.size);
        assert.equal(budget.used, model.open.size);
      }
      table.closeAll();
      table.closeAll();
      for (const made of all) assert.equal(made.closed, 1);
      assert.equal(budget.used, 0);
    }),
  );
});

test("takes descriptor numbers as unsigned", () => {
  const table = new DescriptorTable(new DescriptorBudget(1));
  table.insert(make().descriptor);
  assert.throws(() => table.get(-1), P1Error);
  assert.throws(() => table.close(0x7fff_ffff), P1Error);
});
