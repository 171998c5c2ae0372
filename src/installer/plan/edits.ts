import { posix } from "node:path";

import { takeOutHandlers } from "../toml/handler-tables.ts";
import { mapOthers, takeOutOwn } from "../toml/own-block.ts";
import { isAdopted } from "./handlers.ts";
import { type FileEdit, isSameContent, type PlanInputs, withText } from "./plan.ts";

/** First line of a file that is ours as a whole. */
const DROP_IN_HEADER = "# kwasm:file, written by 'kwasm node install' and removed by 'kwasm node uninstall'\n";

/** The text without tables of other installers that ours replace. */
export function withoutAdopted(text: string): string {
  return mapOthers(text, (part) => takeOutHandlers(part, isAdopted));
}

/** The text as it would be without ours. */
export function baseOf(text: string): string {
  return takeOutOwn(withoutAdopted(text));
}

/** What an edit of a file of somebody else comes to; nothing where it is as it should be. */
export function editText(inputs: PlanInputs, path: string, after: string): readonly FileEdit[] {
  const before = inputs.host.readFile(path);
  const base = before === undefined ? undefined : baseOf(before.content.toString());
  const edit = { path, before, after: withText(before, after), restored: inputs.restoredOf(path, before, base) };
  return [edit];
}

/** A file of our own, in the schema of the file that it joins: a higher one ends containerd 2.3 (containerd 21248d007). */
export function editDropIn(inputs: PlanInputs, path: string, version: number, tables: string): FileEdit {
  const before = inputs.host.readFile(path);
  const header = version > 1 ? `${DROP_IN_HEADER}version = ${String(version)}\n` : DROP_IN_HEADER;
  return { path, before, after: withText(before, `${header}${tables}`), restored: undefined };
}

export function isOwnFile(text: string): boolean {
  return text.startsWith(DROP_IN_HEADER);
}

/** Other installers' drop-ins in a folder: what ours replace goes, and a file in which nothing else was. */
export function editAdoptedDropIns(inputs: PlanInputs, folder: string, own: string): readonly FileEdit[] {
  const names = inputs.host.list(folder).filter((name) => name.endsWith(".toml"));
  return names.flatMap((name) => {
    const path = posix.join(folder, name);
    const before = path === own ? undefined : inputs.host.readFile(path);
    if (before === undefined) return [];
    const rest = withoutAdopted(before.content.toString());
    const isEmpty = /^(?:\s|#.*|version *= *\d+)*$/u.test(rest);
    const after = isEmpty ? undefined : withText(before, rest);
    const isAlready = rest === before.content.toString();
    return isAlready || isSameContent(before, after) ? [] : [{ path, before, after, restored: after }];
  });
}
