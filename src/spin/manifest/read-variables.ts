import { KwasmError } from "#base";
import type { SpinVariable } from "../application.ts";
import { checkIdentifier } from "../identifiers.ts";
import { Table } from "../table.ts";

/** `[variables]`: each either has a default or is required. */
export function readVariables(table: Table): ReadonlyMap<string, SpinVariable> {
  const variables = table.table("variables");
  const read = new Map<string, SpinVariable>();
  for (const [name, value] of variables?.entries() ?? []) {
    const where = variables?.place(name) ?? name;
    read.set(checkIdentifier(name, "variable", where), readVariable(new Table(value, where), where));
  }
  return read;
}

function readVariable(table: Table, where: string): SpinVariable {
  const value = table.text("default");
  const isRequired = table.flag("required");
  if (isRequired === (value !== undefined)) {
    throw new KwasmError("invalid-argument", `read ${where}: write either "required = true" or a "default"`);
  }
  const read = {
    ...(value === undefined ? {} : { default: value }),
    isSecret: table.flag("secret"),
    description: table.text("description") ?? "",
  };
  table.refuseOthers();
  return read;
}
