import { createHash } from "node:crypto";
import { type ModuleLayout, sectionIds } from "./module-layout.ts";

/** What a module's imports, exports and own memories and tables are read from; functions and data are not among it. */
const outlineSections = [
  sectionIds.type,
  sectionIds.import,
  sectionIds.function,
  sectionIds.table,
  sectionIds.memory,
  sectionIds.tag,
  sectionIds.global,
  sectionIds.export,
] as const;

/** A digest that two modules share which are alike from outside: whatever is known of one's types is true of the other's. */
export function outlineOfModule({ bytes, sections }: Pick<ModuleLayout, "bytes" | "sections">): string {
  const hash = createHash("sha256");
  for (const id of outlineSections) {
    const { start, end } = sections.get(id) ?? { start: 0, end: 0 };
    hash.update(`${id} ${end - start}\n`).update(bytes.subarray(start, end));
  }
  return hash.digest("base64");
}
