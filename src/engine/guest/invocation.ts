import { KwasmError } from "#base";
import {
  type ComponentPlan,
  type ComponentValue,
  type FunctionOfExport,
  printValue,
  readCall,
  readParameters,
  unwritableKind,
  type WrittenCall,
} from "../component/index.ts";
import { printable } from "./printable.ts";

/** A call that was asked for by its text, checked against the function's type. */
export interface Invocation {
  readonly name: string;
  readonly interfaceName: string | undefined;
  readonly parameters: readonly ComponentValue[];
  /** The answer in WAVE; empty where the function answers with nothing. */
  readonly print: (answer: ComponentValue) => string;
}

/** Names of a single error message; a component may have thousands. */
const namesShownMax = 50;

/** Finds the exported function that a text such as `f(1, "x")` calls, and reads its parameters. */
export function planInvocation({ functions }: ComponentPlan, text: string): Invocation {
  const call = readCall(text);
  const { name, interfaceName, type } = findFunction(functions, call);
  const kind = unwritableKind(type);
  if (kind !== undefined) {
    throw new KwasmError(
      "unsupported",
      `call "${printable(name)}": it takes or gives a ${kind}, which only another component can hold`,
    );
  }
  const { result } = type;
  return {
    name,
    interfaceName,
    parameters: readParameters(type, call.reader),
    print: (answer) => (result === undefined ? "" : printValue(result, answer)),
  };
}

function findFunction(functions: readonly FunctionOfExport[], { name, interfaceName }: WrittenCall): FunctionOfExport {
  const found = functions.filter((each) => {
    return each.name === name && (interfaceName === undefined || each.interfaceName === interfaceName);
  });
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  const [problem, candidates] =
    only === undefined
      ? ["no function of this name is exported; there are", functions]
      : ["several functions of this name are exported; name one of", found];
  throw new KwasmError("not-found", `call "${printable(name)}": ${problem} ${namesOf(candidates)}`);
}

function namesOf(functions: readonly FunctionOfExport[]): string {
  const shown = functions.slice(0, namesShownMax).map(({ name, interfaceName }) => {
    return `"${printable(interfaceName === undefined ? name : `${interfaceName}#${name}`)}"`;
  });
  if (shown.length === 0) return "none";
  const more = functions.length - shown.length;
  return more > 0 ? `${shown.join(", ")} and "${more}" more` : shown.join(", ");
}
