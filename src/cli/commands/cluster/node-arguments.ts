import { KwasmError } from "#base";

/** Names as they are typed for kubectl: `worker-1` or `node/worker-1`, each once. */
export function nodeNamesOf(operands: readonly string[]): readonly string[] {
  return [...new Set(operands.map(nodeNameOf))];
}

function nodeNameOf(operand: string): string {
  const name = /^(?:nodes?|no)\/(?<name>.*)$/u.exec(operand)?.groups?.["name"] ?? operand;
  if (name !== "" && !name.includes("/")) return name;
  throw new KwasmError("invalid-argument", `"${operand}" is no node: give its name, as worker-1 or node/worker-1`);
}
