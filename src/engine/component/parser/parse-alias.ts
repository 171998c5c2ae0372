import { type ComponentReader, unsupportedComponent } from "./component-reader.ts";
import type { AliasSource, CoreSort, Sort } from "./definitions.ts";

const coreSortsByCode: ReadonlyMap<number, CoreSort> = new Map([
  [0x00, "func"],
  [0x01, "table"],
  [0x02, "memory"],
  [0x03, "global"],
  [0x04, "tag"],
  [0x10, "type"],
  [0x11, "module"],
  [0x12, "instance"],
]);

export function readCoreSort(reader: ComponentReader): Sort {
  const code = reader.byte("a core sort");
  const sort = coreSortsByCode.get(code);
  if (sort === undefined) throw reader.corrupt(`the core sort "${code}" does not exist`);
  return `core ${sort}`;
}

const sortsByCode: ReadonlyMap<number, Sort> = new Map([
  [0x01, "func"],
  [0x03, "type"],
  [0x04, "component"],
  [0x05, "instance"],
]);

export function readSort(reader: ComponentReader): Sort {
  const code = reader.byte("a sort");
  if (code === 0x00) return readCoreSort(reader);
  if (code === 0x02) throw unsupportedComponent(reader.position - 1, "values");
  const sort = sortsByCode.get(code);
  if (sort === undefined) throw reader.corrupt(`the sort "${code}" does not exist`);
  return sort;
}

/** An alias: an export of an instance, or something of an enclosing scope. */
export function readAlias(reader: ComponentReader): AliasSource {
  const sort = readSort(reader);
  const target = reader.byte("the target of an alias");
  switch (target) {
    case 0x00:
    case 0x01: {
      const instance = reader.u32("the instance of an alias");
      const kind = target === 0 ? "alias export" : "alias core export";
      return { kind, sort, instance, name: reader.name("the name of an alias") };
    }
    case 0x02: {
      const count = reader.u32("the scope of an alias");
      return { kind: "alias outer", sort, count, index: reader.u32("the index of an alias") };
    }
    default:
      throw reader.corrupt(`the target "${target}" of an alias does not exist`);
  }
}
