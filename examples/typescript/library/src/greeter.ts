interface Greeting {
  readonly text: string;
  readonly letters: number;
}

/** Called by `kwasm run --invoke`, or by another component. */
export function greet(whom: readonly string[], loudly?: boolean): Greeting {
  const text = `Hello ${whom.join(" and ")} from TypeScript`;
  return { text: loudly === true ? text.toUpperCase() : text, letters: text.length };
}
