import { join } from "node:path";

import { renderChart } from "./helm.ts";

export const manifestsPath = join(import.meta.dirname, "../../deploy/kwasm-operator.yaml");

/** The namespace is part of it: the installer's Jobs are privileged, and helm would have made it. */
const head = `# Made by \`npm run manifests\` from charts/kwasm-operator; edits are lost.
#
#   kubectl apply -f kwasm-operator.yaml
#   kubectl annotate node --all kwasm.sh/kwasm-node=true
---
apiVersion: v1
kind: Namespace
metadata:
  name: kwasm
  labels:
    pod-security.kubernetes.io/enforce: privileged
`;

/** What helm writes of itself: who finds these labels takes the objects for a release's. */
const helmsOwn = /^(?: +helm\.sh\/chart: .*| +app\.kubernetes\.io\/managed-by: Helm|# Source: .*)\n/gmu;

/** The chart's objects for those who have no helm. */
export async function renderManifests(): Promise<string> {
  const rendered = await renderChart({}, "--no-hooks", "--include-crds");
  return head + rendered.replaceAll(helmsOwn, "");
}
