import { KwasmError } from "#base";
import type { SpinApplication } from "../application.ts";
import { checkApplication } from "../check-application.ts";
import { parseToml } from "../parse-toml.ts";
import { Table } from "../table.ts";
import { readVersion1 } from "./read-version-1.ts";
import { readVersion2 } from "./read-version-2.ts";

/**
 * Reads `spin.toml`, of manifest version 1 or 2; `name` is what messages call it. Throws `invalid-argument` that names
 * the field, `limit-exceeded`, and `unsupported` for another version.
 */
export function readSpinManifest(text: string, name = "spin.toml"): SpinApplication {
  const table = new Table(parseToml(text, name), `"${name}"`);
  return checkApplication(readVersion(table, name), name);
}

function readVersion(table: Table, name: string): SpinApplication {
  if (table.has("spin_manifest_version")) {
    const version = table.wholeNumber("spin_manifest_version");
    if (version === 2) return readVersion2(table);
    if (version !== 1) throw unsupported(name, `spin_manifest_version = ${String(version)}`);
    return readVersion1(table);
  }
  const version = table.text("spin_version");
  if (version === "1") return readVersion1(table);
  if (version !== undefined) throw unsupported(name, `spin_version = "${version.slice(0, 16)}"`);
  throw new KwasmError("invalid-argument", `read "${name}": "spin_manifest_version" is missing; write 2`);
}

function unsupported(name: string, version: string): KwasmError {
  return new KwasmError("unsupported", `read "${name}": ${version} is not known; versions 1 and 2 are`);
}
