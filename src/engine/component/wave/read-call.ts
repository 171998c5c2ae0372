import type { FunctionType, ValueType } from "../types/types.ts";
import { partsOfValue } from "../types/make-type.ts";
import type { ComponentValue } from "../values.ts";
import { readValue } from "./read-value.ts";
import { WaveReader } from "./wave-reader.ts";

/** A call as it is written: the function's name, and its parameters still to be read. */
export interface WrittenCall {
  /** `wasi:cli/run@0.2.0#run`: the interface, where one is named. */
  readonly interfaceName: string | undefined;
  readonly name: string;
  /** Stands before the parameters' parenthesis. */
  readonly reader: WaveReader;
}

/** Everything up to the parenthesis: interfaces and core functions have names that are no labels. */
const calleePattern = /[^("]+/y;

/** Takes a text such as `f(1, "x")` apart. */
export function readCall(text: string): WrittenCall {
  const reader = new WaveReader(text);
  const callee = reader.take(calleePattern)?.trim() ?? "";
  if (callee === "" || !reader.sees("(")) throw reader.fail('a call such as f(1, "x") is expected');
  const hash = callee.lastIndexOf("#");
  if (hash === -1) return { interfaceName: undefined, name: callee, reader };
  return { interfaceName: callee.slice(0, hash), name: callee.slice(hash + 1), reader };
}

/** Reads the parameters of a call; optional ones at the end may be left out. */
export function readParameters({ parameters }: FunctionType, reader: WaveReader): ComponentValue[] {
  const values: ComponentValue[] = [];
  reader.series("(", ")", () => {
    const parameter = parameters[values.length];
    if (parameter === undefined) throw reader.fail(`no more than "${parameters.length}" parameters are expected`);
    values.push(readValue(parameter.type, reader));
  });
  reader.expectEnd();
  const missing = parameters.slice(values.length);
  const needed = missing.find(({ type }) => type.kind !== "option");
  if (needed !== undefined) throw reader.fail(`a value for the parameter "${needed.name}" too is expected`);
  return [...values, ...missing.map(() => undefined)];
}

const unwritable: ReadonlySet<string> = new Set(["own", "borrow", "stream", "future"]);

/** The first kind of value in a function's type that cannot be written, such as a resource. */
export function unwritableKind({ parameters, result }: FunctionType): string | undefined {
  const types = [...parameters.map(({ type }) => type), ...(result === undefined ? [] : [result])];
  const seen = new Set<ValueType>();
  for (let type = types.pop(); type !== undefined; type = types.pop()) {
    if (unwritable.has(type.kind)) return type.kind;
    if (type.kind === "primitive" && type.type === "error-context") return type.type;
    if (seen.has(type)) continue;
    seen.add(type);
    types.push(...partsOfValue(type).filter((part) => part !== undefined));
  }
  return undefined;
}
