import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

import { KwasmError } from "#base";
import { manifestsPath, renderManifests } from "./chart/manifests.ts";

try {
  mkdirSync(dirname(manifestsPath), { recursive: true });
  writeFileSync(manifestsPath, await renderManifests());
} catch (error) {
  console.error(`error: ${KwasmError.from(error, "write the manifests").message}`);
  process.exitCode = 1;
}
