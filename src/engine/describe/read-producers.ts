import { KwasmError } from "#base";
import { ByteReader } from "../loader/index.ts";
import { describeLimits } from "./limits.ts";

/** An entry of a producers section, such as `processed-by`, `rustc`, `1.95.0`. */
export interface Producer {
  readonly field: string;
  readonly name: string;
  readonly version: string;
}

const PREAMBLE_BYTES = 8;
const CUSTOM = 0;
const COMPONENT_MODULE = 1;
const COMPONENT_COMPONENT = 4;
/** As deep as components are read at all. */
const NESTING_MAX = 20;

/**
 * The tools that made a file, of its own producers section and of those of the modules and components in it, each once.
 * The section is a convention of tools (tool-conventions, ProducersSection.md): one that cannot be read says nothing.
 */
export function readProducers(bytes: Uint8Array): readonly Producer[] {
  const found = new Map<string, Producer>();
  visit(new ByteReader(bytes), 0, found);
  return [...found.values()];
}

function visit(reader: ByteReader, depth: number, found: Map<string, Producer>): void {
  const isComponent = reader.bytes[reader.position + 4] !== 1;
  reader.skip(PREAMBLE_BYTES, "the beginning");
  while (!reader.done && found.size < describeLimits.producersMax) {
    const id = reader.byte("a section");
    const content = reader.slice(reader.u32("the size of a section"), "a section");
    if (id === CUSTOM) readSection(content, found);
    else if (isComponent && depth < NESTING_MAX && (id === COMPONENT_MODULE || id === COMPONENT_COMPONENT)) {
      visit(content, depth + 1, found);
    }
  }
}

function readSection(content: ByteReader, found: Map<string, Producer>): void {
  try {
    if (content.name("the name of a custom section") !== "producers") return;
    for (let fields = content.count("fields", describeLimits.producersMax); fields > 0; fields -= 1) {
      readField(content, found);
    }
  } catch (error) {
    // Nothing that runs depends on it.
    if (!(error instanceof KwasmError)) throw error;
  }
}

function readField(content: ByteReader, found: Map<string, Producer>): void {
  const field = content.name("a field");
  for (let left = content.count("tools", describeLimits.producersMax); left > 0; left -= 1) {
    const producer = { field, name: content.name("a tool"), version: content.name("a version") };
    if (found.size < describeLimits.producersMax) found.set(JSON.stringify(producer), producer);
  }
}
