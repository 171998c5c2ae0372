import { once } from "node:events";

import type { Output } from "./io.ts";

/** Writes, and waits while the reader is behind: a long log must not gather in memory. */
export async function writeText(output: Output, text: string): Promise<void> {
  if (!output.write(text)) await once(output, "drain");
}
