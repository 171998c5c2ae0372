/** What `build`, `up` and `down` start: `serve` is the process that holds the cluster in between. */
import { parseArgs } from "node:util";

import { KwasmError } from "#base";
import { containerdVersions } from "../containerd/prefix.ts";
import type { ClusterOptions } from "./cluster.ts";
import { openKubernetesPrograms } from "./kubernetes-programs.ts";
import { endStanding, serveStanding, startStanding } from "./standing-cluster.ts";

const [action = "", ...words] = process.argv.slice(2);
try {
  if (action === "build") await openKubernetesPrograms();
  else if (action === "up") process.stdout.write(await startStanding(words, readOptions(words)));
  else if (action === "serve") await serveStanding(readOptions(words));
  else process.stderr.write(`${await endStanding()}\n`);
} catch (error) {
  process.stderr.write(
    `error: ${KwasmError.from(error, action === "build" ? "build Kubernetes" : `bring the cluster ${action}`).message}\n`,
  );
  process.exitCode = 1;
}

function readOptions(args: readonly string[]): Required<ClusterOptions> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      nodes: { type: "string", default: "1" },
      containerd: { type: "string", default: "2.1" },
      "max-pods": { type: "string", default: "250" },
    },
  });
  const containerd = containerdVersions.find((version) => values.containerd.startsWith(version));
  const [nodes, podsMax] = [Number(values.nodes), Number(values["max-pods"])];
  if (containerd !== undefined && nodes >= 1 && podsMax >= 1) return { nodes, containerd, podsMax, nodeMebibytes: 0 };
  throw new KwasmError("invalid-argument", `read "${args.join(" ")}": give numbers, and containerd 1.6, 1.7 or 2.1`);
}
