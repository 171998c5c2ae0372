import { statSync } from "node:fs";
import { readFile } from "node:fs/promises";

import { KwasmError } from "#base";
import { imageLimits } from "#image";

import { defineCommand } from "../frame/command.ts";
import { EXIT_OK } from "../frame/exit-codes.ts";
import { formatJson } from "./inspect/format-json.ts";
import { formatText } from "./inspect/format-text.ts";
import type { Inspected } from "./inspect/inspected.ts";
import { findProgram, type Program } from "./run/program.ts";

const formats: Readonly<Record<string, (inspected: Inspected) => string>> = { text: formatText, json: formatJson };

export const inspectCommand = defineCommand({
  name: "inspect",
  summary: "Show what a module or component is, imports and exports",
  operands: "REF",
  description: `
Says of a .wasm file, an OCI image layout folder, an archive of an image or an image of the local store what it is, what
starts it, what made it, what it imports and by which option of 'kwasm run' it gets that, what it exports, and its types as WIT. Nothing of
it runs.

  kwasm inspect hello.wasm
  kwasm inspect --format json hello:v1`,
  options: { format: { short: "f", value: "FORMAT", summary: "text (default) or json" } },
  async run({ options, operands, stateDirectory }, io) {
    const [reference, ...rest] = operands;
    if (reference === undefined) throw new KwasmError("invalid-argument", "REF is missing: name a file or an image");
    if (rest[0] !== undefined) throw new KwasmError("invalid-argument", `unexpected operand "${rest[0]}"`);
    const format = chooseFormat(options.format ?? "text");
    const program = await findProgram(reference, { args: [], cwd: io.cwd, stateDirectory, argv0: undefined });
    // Loaded when it is needed: the control process is this command's file too, and has no engine.
    const { describeProgram } = await import("#engine");
    const description = describeProgram(await readProgram(program));
    io.stdout.write(format({ name: reference, digest: program.module.digest, description }));
    return EXIT_OK;
  },
});

function chooseFormat(name: string): (inspected: Inspected) => string {
  const format = Object.hasOwn(formats, name) ? formats[name] : undefined;
  if (format !== undefined) return format;
  throw new KwasmError("invalid-argument", `read --format "${name}": write text or json`);
}

/** The whole file; its size is looked at before any memory is taken. */
async function readProgram({ module: { path } }: Program): Promise<Uint8Array<ArrayBuffer>> {
  const action = `read "${path}"`;
  try {
    const { size } = statSync(path);
    if (size <= imageLimits.moduleBytesMax) return new Uint8Array(await readFile(path));
    throw new KwasmError("limit-exceeded", `${action}: its ${size} bytes pass ${imageLimits.moduleBytesMax}`);
  } catch (error) {
    throw KwasmError.from(error, action);
  }
}
