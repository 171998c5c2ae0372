/**
 * A process that holds a lease while it lives: `KUBECONFIG NAME DURATION_MS`. It writes "leading" when it leads, and ends at
 * SIGTERM, a moment after it was told.
 */
import { once } from "node:events";

import { createLog, KwasmError } from "#base";
import { createKubeClient, loadConnection, runWithLease } from "#kube";

const [kubeconfig = "", name = "", durationMs = ""] = process.argv.slice(2);
using client = createKubeClient({ connection: await loadConnection({ env: {}, kubeconfig }) });
const stop = new AbortController();
process.once("SIGTERM", () => stop.abort());
const options = {
  client,
  name,
  namespace: "default",
  identity: `process-${process.pid}`,
  log: createLog({ level: "debug", write: (line) => process.stderr.write(line) }),
  durationMs: Number(durationMs),
  renewDeadlineMs: (Number(durationMs) * 2) / 3,
  renewPeriodMs: Number(durationMs) / 3,
};
try {
  await runWithLease(options, lead, stop.signal);
} catch (thrown) {
  process.stdout.write("lost\n");
  process.stderr.write(`${KwasmError.from(thrown, "hold the lease").message}\n`);
  process.exitCode = 1;
}

async function lead(signal: AbortSignal): Promise<void> {
  process.stdout.write("leading\n");
  if (!signal.aborted) await once(signal, "abort");
  process.stdout.write("stopped\n");
}
