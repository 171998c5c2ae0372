import { KwasmError } from "#base";
import { ByteReader, type CustomSection, type ModuleLayout, sectionIds } from "../../loader/index.ts";
import { parseComponent } from "../parser/parse-component.ts";
import type { ComponentType, DefinedType } from "../types/types.ts";
import { validateComponent } from "../validate/component.ts";
import { inboundWorld, isOldHandler } from "./inbound-world.ts";

/** Names of the sections in which binding generators leave the world of their code; each adds a suffix of its own. */
const sectionPrefix = "component-type";

/** Worlds of one module: one for each library that has bindings of its own. */
const worldsMax = 32;

/** Whether a module says of which world it is to become a component, or is known to have one by what it exports. */
export function hasWorld(layout: Pick<ModuleLayout, "customSections" | "exports">): boolean {
  return layout.customSections.some(isWorldSection) || isOldHandler(layout.exports);
}

/**
 * The worlds that a core module was built for, as its custom sections say them: wit-component, crates/wit-component/src/metadata.rs.
 * Each holds a component that exports the type of a component that exports the world.
 */
export function readWorlds(layout: ModuleLayout): readonly ComponentType[] {
  const sections = layout.customSections.filter(isWorldSection);
  if (sections.length > worldsMax) {
    throw new KwasmError(
      "limit-exceeded",
      `reading a module: it is built for "${sections.length}" worlds, at most "${worldsMax}" are run`,
    );
  }
  if (sections.length === 0) return isOldHandler(layout.exports) ? [inboundWorld(layout.exports)] : [];
  return sections.map((section) => readWorld(layout, section));
}

function isWorldSection({ name }: Pick<CustomSection, "name">): boolean {
  return name.startsWith(sectionPrefix);
}

function readWorld({ bytes }: ModuleLayout, { name: section, start, end }: CustomSection): ComponentType {
  const reader = new ByteReader(bytes, start, end);
  reader.name("the name of a custom section");
  const wanted = reader.bytes[reader.position] === packageForm ? readPackageHead(reader) : undefined;
  const component = bytes.slice(reader.position, end);
  const { type } = validateComponent(parseComponent(component), component);
  if (wanted === undefined) checkEncoding(component);
  for (const extern of type.instance.exports.values()) {
    const found = extern.kind === "type" ? findWorld(extern.type, wanted) : undefined;
    if (found !== undefined) return found;
  }
  throw unreadable(`its section "${section}" has no world in a form that is read here`);
}

/** The form of 2023: the whole package of the world, whose name comes first. */
const packageForm = 0x03;
const utf8 = 0x00;

function readPackageHead(reader: ByteReader): string {
  reader.byte("the form of a world");
  if (reader.byte("the encoding of strings") !== utf8) throw unreadable("its strings are not UTF-8");
  return reader.name("the name of a world");
}

/** The form of today says its encoding in a section of its own: a version, and then as above. */
function checkEncoding(component: Uint8Array): void {
  const reader = new ByteReader(component, preambleBytes);
  while (!reader.done) {
    const id = reader.byte("a section");
    const content = reader.slice(reader.u32("the size of a section"), "a section");
    if (id !== sectionIds.custom || content.name("the name of a custom section") !== encodingSection) continue;
    content.byte("the form of a world");
    if (content.byte("the encoding of strings") !== utf8) throw unreadable("its strings are not UTF-8");
  }
}

const preambleBytes = 8;
const encodingSection = "wit-component-encoding";

/** A world of a package; where it has no name, the one that is there. */
function findWorld(type: DefinedType, wanted: string | undefined): ComponentType | undefined {
  if (type.kind !== "component type") return undefined;
  for (const [name, extern] of type.instance.exports) {
    if (extern.kind === "component" && (wanted === undefined || worldName(name) === wanted)) return extern.type;
  }
  return undefined;
}

/** `ns:package/world@1.0.0`, or the name alone. */
function worldName(name: string): string {
  return name.slice(name.indexOf("/") + 1).replace(/@.*$/u, "");
}

function unreadable(problem: string): KwasmError {
  return new KwasmError("unsupported", `reading a module: ${problem}; build it with a newer SDK`);
}
