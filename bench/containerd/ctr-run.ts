import { printReport } from "../measure/report.ts";
import { median } from "../measure/statistics.ts";
import { readOptions, type Side, sides, startBenchRig, takeTurns, withPeer } from "./bench-rig.ts";

/**
 * The wall time of `ctr run --rm` for a container that says a word and ends, with each runtime in turns.
 *
 * `--runs N` of each · `--containerd 1.6|1.7|2` · `--peer PROGRAM`
 */
const options = readOptions({ runs: 20 });
const WARM_RUNS = 2;

const among = withPeer(options, sides.ours, sides.runc);
await using rig = await startBenchRig(options, among);
/** Runs whose word did not arrive, by what ran: `ctr` may stop reading before it has read anything. */
const silent = new Map(among.map((side) => [side, 0]));

async function run(side: Side, id: string): Promise<number> {
  const { runtime, brief } = side;
  const { image, command = [] } = { command: undefined, ...brief };
  const startedMs = performance.now();
  const output = await rig.ctr("run", "--rm", "--runtime", runtime, image, id, ...command);
  const tookMs = performance.now() - startedMs;
  if (output !== "hello\n") silent.set(side, (silent.get(side) ?? 0) + 1);
  return tookMs;
}

const times = new Map(among.map((side) => [side, [] as number[]]));
await takeTurns(options.counts.runs + WARM_RUNS, among, async (side, round) => {
  const tookMs = await run(side, `${side.handler}-${String(round)}`);
  if (round >= WARM_RUNS) times.get(side)?.push(tookMs);
});
const runc = times.get(sides.runc) ?? [];
printReport({
  bench: `ctr run --rm, containerd ${options.version}`,
  notes: [`${String(options.counts.runs)} runs of each, in turns; entering the rig and ctr itself are in all`],
  rows: among.map((side) => {
    const own = times.get(side) ?? [];
    const figures = { "p50 ms": median(own), "min ms": Math.min(...own) };
    const ratios = {
      "runc / it, p50": median(runc) / median(own),
      "runc / it, min": Math.min(...runc) / Math.min(...own),
    };
    const lost = { "runs without output": silent.get(side) ?? 0 };
    return { what: side.what, figures: { ...figures, ...ratios, ...lost } };
  }),
});
