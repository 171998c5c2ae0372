import { malformed } from "./table.ts";
import { spinLimits } from "./limits.ts";

/** The words that Spin's manifests have names of: crates/serde/src/id.rs of Spin. */
const patterns = {
  /** `kebab-case`: words of letters and digits, each beginning with a letter. */
  kebab: /^[a-zA-Z][a-zA-Z0-9]*(?:-[a-zA-Z][a-zA-Z0-9]*)*$/,
  /** `lower_snake_case`. */
  variable: /^[a-z][a-z0-9]*(?:_[a-z][a-z0-9]*)*$/,
  /** A label of a store: `kebab-case` or `snake_case`. */
  label: /^[a-zA-Z][a-zA-Z0-9]*(?:-[a-zA-Z][a-zA-Z0-9]*)*$|^[a-zA-Z][a-zA-Z0-9]*(?:_[a-zA-Z][a-zA-Z0-9]*)*$/,
} as const;

const descriptions = {
  kebab: "a name in kebab-case",
  variable: "a name in lower_snake_case",
  label: "a label in kebab-case or snake_case",
} as const;

export function checkIdentifier(text: string, kind: keyof typeof patterns, where: string): string {
  const isShort = text.length <= spinLimits.nameLengthMax;
  if (!isShort || !patterns[kind].test(text)) throw malformed(where, descriptions[kind]);
  return text;
}
