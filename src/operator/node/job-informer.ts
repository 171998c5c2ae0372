import { annotations, labels } from "#api";
import type { Log } from "#base";
import { createInformer, type Informer, type KubeClient, type KubeObject, resourceTypes } from "#kube";

import type { Settings } from "../settings.ts";
import { managedSelector, viewJob, type WorkView } from "./work-view.ts";

export interface JobView {
  readonly nodeName: string;
  readonly work: WorkView;
  /** Of a Job for a shim of somebody else. */
  readonly shim: { readonly name: string; readonly request: string } | undefined;
}

interface InformerParts {
  readonly client: KubeClient;
  readonly log: Log;
  readonly settings: Settings;
}

export function createJobInformer({ client, log, settings }: InformerParts): Informer<JobView> {
  return createInformer({
    client,
    log,
    type: resourceTypes.job,
    namespace: settings.namespace,
    labelSelector: managedSelector,
    transform: (job: KubeObject) => ({ nodeName: ownerNodeOf(job), work: viewJob(job), shim: shimOf(job) }),
  });
}

function shimOf({ metadata }: KubeObject): JobView["shim"] {
  const name = metadata.labels?.[labels.shim];
  return name === undefined ? undefined : { name, request: metadata.annotations?.[annotations.shimRequest] ?? "" };
}

/** The Node that it was made for; empty for what somebody else labelled as ours. */
export function ownerNodeOf({ metadata }: KubeObject): string {
  return metadata.ownerReferences?.find(({ kind }) => kind === "Node")?.name ?? "";
}
