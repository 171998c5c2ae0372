import { annotations, labels } from "#api";
import type { NewObject, OwnerReference } from "#kube";

import type { Settings } from "../settings.ts";
import { jobNameOf, probeNameOf } from "./names.ts";
import type { NodeView } from "./node-view.ts";
import { managedLabels } from "./work-view.ts";

/** An installer that has not ended by then is ended: pulling its image may take long, its own work a minute. */
const JOB_SECONDS_MAX = 900;
const PROBE_SECONDS_MAX = 120;

/** Where the installer finds the node's files: KWasm's path, which other installers rely on. */
const NODE_ROOT = "/mnt/node-root";

/** The class of probes: it selects no nodes, since a node's labels come after its probe. */
export const probeClassName = "kwasm-probe";
/** In our installer's image, which the node has pulled already. */
const PROBE_MODULE = "/probe.wasm";

interface JobWish {
  readonly node: NodeView;
  readonly action: "install" | "uninstall";
  readonly failedAttempts: number;
}

export function makeJob({ node, action, failedAttempts }: JobWish, settings: Settings): NewObject {
  const name = jobNameOf(node.name, action);
  const image = action === "install" ? settings.installerImage : (node.installation?.image ?? settings.installerImage);
  const variables = action === "install" ? {} : { KWASM_ACTION: "uninstall" };
  return makeInstallerJob({ node, name, image, failedAttempts, variables }, settings);
}

/** A run of an installer's image on a node. */
interface InstallerRun {
  readonly node: NodeView;
  readonly name: string;
  readonly image: string;
  readonly failedAttempts: number;
  readonly variables: Readonly<Record<string, string>>;
  /** Besides those that all Jobs of ours have. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** The installer's Job as KWasm made it, field by field: images of others rely on exactly this. */
export function makeInstallerJob(run: InstallerRun, settings: Settings): NewObject {
  const metadata = metadataOf(run.node, run.name, run.failedAttempts, settings);
  const ownLabels = { ...jobLabels, ...run.labels };
  return {
    metadata: { ...metadata, labels: ownLabels, annotations: { ...metadata.annotations, ...run.annotations } },
    spec: {
      // A failed attempt is tried again by us, who wait longer each time and say why.
      backoffLimit: 0,
      activeDeadlineSeconds: JOB_SECONDS_MAX,
      template: {
        metadata: { labels: ownLabels },
        spec: {
          ...podSpecOf(run.node, settings),
          hostPID: true,
          containers: [
            {
              name: "kwasm-provision",
              image: run.image,
              ...(settings.pullPolicy === undefined ? {} : { imagePullPolicy: settings.pullPolicy }),
              securityContext: { privileged: true },
              env: environmentOf(run.variables),
              volumeMounts: [{ name: "root-mount", mountPath: NODE_ROOT }],
            },
          ],
          volumes: [{ name: "root-mount", hostPath: { path: "/" } }],
        },
      },
    },
  };
}

/** A Wasm pod of ours that ends at once: where it does, others can start. */
export function makeProbe(node: NodeView, failedAttempts: number, settings: Settings): NewObject {
  const metadata = metadataOf(node, probeNameOf(node.name), failedAttempts, settings);
  return {
    metadata: { ...metadata, annotations: { ...metadata.annotations, [annotations.bootId]: node.bootId } },
    spec: {
      ...podSpecOf(node, settings),
      runtimeClassName: probeClassName,
      activeDeadlineSeconds: PROBE_SECONDS_MAX,
      terminationGracePeriodSeconds: 1,
      containers: [
        {
          name: "probe",
          image: node.installation?.image ?? settings.installerImage,
          imagePullPolicy: "IfNotPresent",
          command: [PROBE_MODULE],
          resources: { limits: { memory: "32Mi" } },
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
        },
      ],
    },
  };
}

const jobLabels = { ...managedLabels, [labels.job]: "true" };

function metadataOf(node: NodeView, name: string, failedAttempts: number, { namespace }: Settings) {
  const owner: OwnerReference = { apiVersion: "v1", kind: "Node", name: node.name, uid: node.uid, controller: true };
  return {
    name,
    namespace,
    labels: managedLabels,
    annotations: { [annotations.nodeUid]: node.uid, [annotations.failedAttempts]: String(failedAttempts) },
    ownerReferences: [owner],
  };
}

/** On this node whatever its taints, without a token: neither has anything to ask the API. */
function podSpecOf(node: NodeView, { pullSecrets }: Settings) {
  return {
    nodeName: node.name,
    restartPolicy: "Never",
    automountServiceAccountToken: false,
    tolerations: [{ operator: "Exists" }],
    ...(pullSecrets.length === 0 ? {} : { imagePullSecrets: pullSecrets.map((name) => ({ name })) }),
  };
}

function environmentOf(variables: InstallerRun["variables"]) {
  return Object.entries({ NODE_ROOT, ...variables }).map(([name, value]) => ({ name, value }));
}
