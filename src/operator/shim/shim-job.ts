import { annotations, labels } from "#api";
import type { NewObject } from "#kube";

import { shimJobNameOf } from "../node/names.ts";
import { makeInstallerJob } from "../node/work-objects.ts";
import type { Settings } from "../settings.ts";
import type { ShimOnNode } from "./shim-decision.ts";

interface ShimJobWish {
  readonly shimName: string;
  readonly one: ShimOnNode;
  readonly action: "install" | "uninstall";
  readonly failedAttempts: number;
}

/** The installer's Job for a shim: KWasm's Job with two more variables. */
export function makeShimJob({ shimName, one, action, failedAttempts }: ShimJobWish, settings: Settings): NewObject {
  const { node, request } = one;
  const isInstall = action === "install" && request.kind === "request";
  const run = {
    node,
    name: shimJobNameOf(node.name, shimName, action),
    image: settings.shimInstallerImage,
    failedAttempts,
    variables: {
      KWASM_ACTION: `${action}-shim`,
      KWASM_SHIM: isInstall ? request.text : JSON.stringify({ name: shimName }),
    },
    labels: { [labels.shim]: shimName },
    ...(isInstall ? { annotations: { [annotations.shimRequest]: request.digest } } : {}),
  };
  return makeInstallerJob(run, settings);
}
