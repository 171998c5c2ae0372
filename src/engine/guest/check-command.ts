import { KwasmError } from "#base";
import type { ComponentPlan, ExternName } from "../component/index.ts";
import { printable } from "./printable.ts";
import { providerOf } from "./providers.ts";

/** What a command exports, the newest first; patches of a minor version are one. */
const commandExports = [
  /^wasi:cli\/run@0\.3\.\d+$/,
  /^wasi:cli\/run@0\.3\.0-rc-2026-03-15$/,
  /^wasi:cli\/run@0\.2\.\d+$/,
  /^wasi:cli\/run@0\.2\.0-rc-2023-1(?:0-18|1-10)$/,
];

/** Names of a single error message; a component may have thousands. */
const namesShownMax = 100;

/** The name of the interface that makes a component with these exports a command, the newest that there is. */
export function findCommand(exports: readonly ExternName[]): string | undefined {
  const found = commandExports.map((pattern) => exports.find(({ name }) => pattern.test(name)));
  return found.find((one) => one !== undefined)?.name;
}

/** The function by which a core module is a command, also where a component was made of it. */
export const startName = "_start";

/** The name of the interface that makes it a command; undefined where its `_start` does. Refuses what is none, and says what it is instead. */
export function commandOf({ exports }: ComponentPlan): string | undefined {
  const command = findCommand(exports);
  if (command !== undefined || exports.some(({ name, kind }) => name === startName && kind === "func")) return command;
  const advice = exports.some(({ name }) => name.startsWith("wasi:http/"))
    ? 'it answers HTTP requests: run it by "kwasm serve", or give its container a port'
    : 'a command exports "wasi:cli/run@0.2.0" or "wasi:cli/run@0.3.0", and "kwasm run --invoke" calls other functions';
  const shown = exports.slice(0, namesShownMax).map(({ name }) => `"${printable(name)}"`);
  throw new KwasmError(
    "unsupported",
    `starting a component: it exports ${shown.length === 0 ? "nothing" : shown.join(", ")}; ${advice}`,
  );
}

/** Refuses a component that imports what the host has not, and names each with who has it. */
export function checkInterfaces({ imports }: ComponentPlan, isOffered: (name: string) => boolean): void {
  const missing = missingImports(imports, isOffered);
  if (missing.length === 0) return;
  const shown = missing.slice(0, namesShownMax).map(({ name }) => sayInterface(name));
  const rest = missing.length > namesShownMax ? ` and "${missing.length - namesShownMax}" more` : "";
  throw new KwasmError(
    "unsupported",
    `starting a component: the host does not offer ${shown.join(", ")}${rest}; ` +
      `"kwasm run --trap-unknown-imports" runs it for as long as it calls none of them`,
  );
}

/** What of these imports nobody offers. Instances of nothing but types, and types, need nobody to offer them. */
export function missingImports(
  imports: readonly ExternName[],
  isOffered: (name: string) => boolean,
): readonly ExternName[] {
  return imports.filter(({ kind, functions, name }) => {
    if (kind === "instance") return functions.length > 0 && !isOffered(name);
    return kind !== "type";
  });
}

function sayInterface(name: string): string {
  const who = providerOf(name);
  return who === undefined ? `"${printable(name)}"` : `"${printable(name)}" (provided by ${who})`;
}
