import { createHash, type Hash } from "node:crypto";
import { type ModuleLayout, outlineOfModule, parseModule } from "../../loader/index.ts";
import { componentLimits } from "../limits.ts";
import { ComponentReader, tooMuch } from "./component-reader.ts";

/** A component without what its core modules compute, which is what its types and its steps follow from. */
export interface ComponentOutline {
  /** A digest that components share which differ in the functions and the data of their modules only. */
  readonly key: string;
  /** Its core modules, those of nested components too, in the order of the file. */
  readonly modules: readonly ModuleLayout[];
}

const preambleBytes = 8;
const moduleSection = 1;
const componentSection = 4;

/** Reads no more of a component than that; what else may be wrong with it is not found here. Throws where sections are not whole. */
export function readOutline(bytes: Uint8Array): ComponentOutline {
  const limit = componentLimits.componentBytesMax;
  if (bytes.length > limit) throw tooMuch("bytes", bytes.length, limit);
  const modules: ModuleLayout[] = [];
  const reader = new ComponentReader(bytes, { start: 0, end: bytes.length }, { definitions: 0, modules: 0 });
  return { key: outlineOf(reader, modules, 0).digest("base64"), modules };
}

function outlineOf(reader: ComponentReader, modules: ModuleLayout[], depth: number): Hash {
  if (depth > componentLimits.nestingMax) throw tooMuch("levels of components", depth, componentLimits.nestingMax);
  const hash = createHash("sha256");
  reader.skip(preambleBytes, "a component's beginning");
  hash.update(reader.bytes.subarray(reader.position - preambleBytes, reader.position));
  while (!reader.done) {
    const id = reader.byte("a section");
    const content = reader.part(reader.u32("the size of a section"), `section ${id}`);
    const { bytes, position, end } = content;
    if (id === moduleSection) {
      hash.update(`module ${addModule(content, modules)}\n`);
    } else if (id === componentSection) {
      hash.update(`component ${outlineOf(content, modules, depth + 1).digest("base64")}\n`);
    } else {
      hash.update(`section ${id} ${end - position}\n`).update(bytes.subarray(position, end));
    }
  }
  return hash;
}

function addModule({ bytes, position, end }: ComponentReader, modules: ModuleLayout[]): string {
  const limit = componentLimits.modulesMax;
  if (modules.length >= limit) throw tooMuch("core modules", modules.length + 1, limit);
  const layout = parseModule(Uint8Array.from(bytes.subarray(position, end)));
  modules.push(layout);
  return outlineOfModule(layout);
}
