import { KwasmError } from "#base";

/** The one operand that a command may have. */
export function optionalOne(operands: readonly string[]): string | undefined {
  refuseMore(operands.slice(1));
  return operands[0];
}

export function requireSome(operands: readonly string[], what: string): readonly string[] {
  if (operands.length === 0) throw new KwasmError("invalid-argument", `${what} is missing`);
  return operands;
}

export function refuseMore(operands: readonly string[]): void {
  const [first] = operands;
  if (first !== undefined) throw new KwasmError("invalid-argument", `unexpected operand "${first}"`);
}
