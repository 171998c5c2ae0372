import { parse, TomlError } from "smol-toml";
import { KwasmError } from "#base";
import { spinLimits } from "./limits.ts";

/** The document of a TOML text; `name` is what messages call it. Throws `invalid-argument` with its line, or `limit-exceeded`. */
export function parseToml(text: string, name: string): unknown {
  if (text.length > spinLimits.manifestLengthMax) {
    const most = String(spinLimits.manifestLengthMax);
    throw new KwasmError("limit-exceeded", `read "${name}": it has more than ${most} characters`);
  }
  try {
    return parse(text, { maxDepth: 64 });
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const reason = error.message.split("\n")[0];
    throw new KwasmError("invalid-argument", `read "${name}": ${String(reason)}, in line ${String(error.line)}`, {
      cause: error,
    });
  }
}
