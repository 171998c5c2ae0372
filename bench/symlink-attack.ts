import { parseArgs } from "node:util";
import { runSymlinkAttack } from "../src/engine/host/files/symlink-attack.ts";

/**
 * Shows that no path leads a guest outside its directory while another thread swaps what it walks through:
 * `node bench/symlink-attack.ts --opens 1000000`. The same attack on plain open(2) is run first, shorter, to show that
 * it finds its way out where nothing holds it.
 */
const { values } = parseArgs({ options: { opens: { type: "string", default: "1000000" } } });
const opens = Number(values.opens);
const CONTROL_OPENS_MAX = 50_000;

process.stdout.write(
  `plain open(2): ${JSON.stringify(await runSymlinkAttack(Math.min(opens, CONTROL_OPENS_MAX), "plain-open"))}\n`,
);
const startedMs = performance.now();
const report = await runSymlinkAttack(opens, "file-layer");
const microseconds = ((performance.now() - startedMs) * 1000) / opens;
process.stdout.write(`file layer:    ${JSON.stringify(report)}, ${microseconds.toFixed(1)} us per open\n`);
process.exitCode = report.escapes === 0 ? 0 : 1;
