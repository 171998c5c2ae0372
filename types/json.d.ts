/** Text of JSON in and out of JSON as Node has it: the proposal "JSON.parse source text access", which is ES2026. */
interface JSON {
  rawJSON(text: string): unknown;
  parse(text: string, reviver: (key: string, value: unknown, context?: { source?: string }) => unknown): unknown;
}
