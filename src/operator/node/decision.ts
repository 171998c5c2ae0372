import type { Installation } from "./installation.ts";
import type { ConditionView, NodeView } from "./node-view.ts";
import type { JobPodView, WorkView } from "./work-view.ts";

export interface Observed {
  readonly node: NodeView;
  readonly install: WorkView | undefined;
  readonly uninstall: WorkView | undefined;
  /** Of the Job that is there. */
  readonly installPod: JobPodView | undefined;
  readonly uninstallPod: JobPodView | undefined;
  readonly probe: WorkView | undefined;
}

export interface Circumstances {
  readonly installerImage: string;
  readonly isAutomatic: boolean;
  /** Taken from a node that is ready; undefined: no taint is touched. */
  readonly startupTaint: string | undefined;
  /** Whether another node may be moved to another image now: see UpgradeGate. */
  readonly mayUpgrade: boolean;
  readonly nowMs: number;
}

/** One thing to do; the next is decided when its effect is seen. */
export type Step =
  | { readonly kind: "label" }
  | { readonly kind: "unlabel" }
  | { readonly kind: "remove-taint"; readonly key: string }
  | { readonly kind: "note-installation"; readonly installation: Installation | undefined }
  | { readonly kind: "create-job"; readonly action: "install" | "uninstall"; readonly failedAttempts: number }
  | { readonly kind: "create-probe"; readonly failedAttempts: number }
  | { readonly kind: "delete-job" | "delete-probe"; readonly name: string; readonly uid: string };

export interface Decision {
  readonly steps: readonly Step[];
  /** What users are to see; undefined: no condition at all. */
  readonly condition: ConditionView | undefined;
  readonly requeueAfterMs?: number;
}
