import type { ComponentReader } from "./component-reader.ts";
import type { ExternNameSource } from "./definitions.ts";

/** Kinds of attributes; each may stand once. */
const attributesMax = 3;

/** The name of an import or export, with its attributes. */
export function readExternName(reader: ComponentReader): ExternNameSource {
  const form = reader.byte("the form of a name");
  if (form > 2) throw reader.corrupt(`the form "${form}" of a name does not exist`);
  const name = reader.name("a name");
  if (form < 2) return { name, implements: undefined, versionSuffix: undefined };
  const attributes = new Map<number, string>();
  reader.list("attributes of one name", attributesMax, () => {
    const kind = reader.byte("an attribute of a name");
    if (kind >= attributesMax) throw reader.corrupt(`the attribute "${kind}" of a name does not exist`);
    if (attributes.has(kind)) throw reader.corrupt(`the attribute "${kind}" of a name stands twice`);
    attributes.set(kind, reader.name("an attribute of a name"));
  });
  return { name, implements: attributes.get(0), versionSuffix: attributes.get(1) };
}
