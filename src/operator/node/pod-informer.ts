import { labels } from "#api";
import type { Log } from "#base";
import { createInformer, fieldAt, type Informer, type KubeClient, type KubeObject, resourceTypes, textAt } from "#kube";

import type { Settings } from "../settings.ts";
import { ownerNodeOf } from "./job-informer.ts";
import { type JobPodView, managedSelector, viewJobPod, viewProbe, type WorkView } from "./work-view.ts";

/** A pod of an installer's Job, or a probe. */
export interface ManagedPod {
  readonly nodeName: string;
  readonly jobUid: string | undefined;
  readonly ofJob: JobPodView | undefined;
  readonly probe: WorkView | undefined;
  /** Whose Job's pod it is, where that is a shim's. */
  readonly shimName: string | undefined;
}

interface InformerParts {
  readonly client: KubeClient;
  readonly log: Log;
  readonly settings: Settings;
}

/** Indexed by the uid of their `job`. */
export function createPodInformer({ client, log, settings }: InformerParts): Informer<ManagedPod> {
  return createInformer({
    client,
    log,
    type: resourceTypes.pod,
    namespace: settings.namespace,
    labelSelector: managedSelector,
    indexes: { job: ({ jobUid }: ManagedPod) => (jobUid === undefined ? [] : [jobUid]) },
    transform: viewPod,
  });
}

function viewPod(pod: KubeObject): ManagedPod {
  const job = pod.metadata.ownerReferences?.find(({ kind }) => kind === "Job");
  const nodeName = job === undefined ? ownerNodeOf(pod) : (textAt(fieldAt(pod, "spec"), "nodeName") ?? "");
  return {
    nodeName,
    jobUid: job?.uid,
    ofJob: job === undefined ? undefined : viewJobPod(pod),
    probe: job === undefined ? viewProbe(pod) : undefined,
    shimName: pod.metadata.labels?.[labels.shim],
  };
}
