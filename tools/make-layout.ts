import { resolve } from "node:path";

import { KwasmError } from "#base";
import { writeLayout } from "./layout/write-layout.ts";

const [directory = ""] = process.argv.slice(2);
try {
  console.log(await writeLayout(resolve(directory)));
} catch (error) {
  console.error(`error: ${KwasmError.from(error, `make a layout in "${directory}"`).message}`);
  process.exitCode = 1;
}
