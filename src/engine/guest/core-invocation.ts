import { KwasmError } from "#base";
import {
  type CoreFunctionType,
  floatText,
  readBetween,
  readCall,
  readFloat,
  readModuleType,
  type WaveReader,
} from "../component/index.ts";
import { parseModule } from "../loader/index.ts";
import { printable } from "./printable.ts";

/** A call of a core module's function that was asked for by its text. */
export interface CoreInvocation {
  readonly name: string;
  readonly parameters: readonly (number | bigint)[];
  /** The results, a line each. */
  readonly print: (answer: unknown) => string;
}

/** Finds the exported function that a text such as `add(1, 2)` calls, and reads its parameters: numbers alone. */
export function planCoreInvocation(bytes: Uint8Array<ArrayBuffer>, text: string): CoreInvocation {
  const { name, reader } = readCall(text);
  const type = readModuleType(parseModule(bytes)).exports.get(name);
  if (type?.kind !== "func") {
    throw new KwasmError("not-found", `call "${printable(name)}": the module exports no function of this name`);
  }
  const other = [...type.parameters, ...type.results].find((word) => !Object.hasOwn(readers, word));
  if (other !== undefined) {
    throw new KwasmError(
      "unsupported",
      `call "${printable(name)}": it takes or gives ${other}, and only numbers are read`,
    );
  }
  return { name, parameters: readNumbers(type, reader), print: (answer) => printResults(type, answer) };
}

/** Integers of core modules have no sign of their own, so both ways to write one are read. */
const readers: Readonly<Record<string, (reader: WaveReader) => number | bigint>> = {
  i32: (reader) => Number(readBetween(reader, { min: -(2n ** 31n), max: 2n ** 32n - 1n, what: "i32" })),
  i64: (reader) => readBetween(reader, { min: -(2n ** 63n), max: 2n ** 64n - 1n, what: "i64" }),
  f32: (reader) => readFloat("f32", reader),
  f64: (reader) => readFloat("f64", reader),
};

function readNumbers({ parameters }: CoreFunctionType, reader: WaveReader): readonly (number | bigint)[] {
  const values: (number | bigint)[] = [];
  reader.series("(", ")", () => {
    const read = readers[parameters[values.length] ?? ""];
    if (read === undefined) throw reader.fail(`no more than "${parameters.length}" parameters are expected`);
    values.push(read(reader));
  });
  reader.expectEnd();
  if (values.length < parameters.length) throw reader.fail(`"${parameters.length}" parameters are expected`);
  return values;
}

/** V8 answers with nothing, a value, or an array of several. */
function printResults({ results }: CoreFunctionType, answer: unknown): string {
  const values: readonly unknown[] = results.length === 1 ? [answer] : Array.isArray(answer) ? answer : [];
  return results.map((type, index) => printNumber(type, values[index])).join("\n");
}

function printNumber(type: string, value: unknown): string {
  return type === "f32" || type === "f64" ? floatText(Number(value), type) : String(value);
}
