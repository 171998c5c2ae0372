/** Why a reconcile ended, in the words of controller-runtime's metric. */
export type ReconcileOutcome = "success" | "error" | "requeue_after";

/** Sees what queues and controllers do, for metrics; `controller` is the controller's name. */
export interface ControllerObserver {
  /** With how many reconciles it may have under way. */
  controllerStarted(controller: string, concurrency: number): void;
  queueAdded(controller: string): void;
  queueDepth(controller: string, depth: number): void;
  queueRetried(controller: string): void;
  /** From the key's arrival to its start. */
  queueWaited(controller: string, durationMs: number): void;
  reconcileStarted(controller: string): void;
  reconcileEnded(controller: string, outcome: ReconcileOutcome, durationMs: number): void;
}

export const silentObserver: ControllerObserver = {
  controllerStarted: () => undefined,
  queueAdded: () => undefined,
  queueDepth: () => undefined,
  queueRetried: () => undefined,
  queueWaited: () => undefined,
  reconcileStarted: () => undefined,
  reconcileEnded: () => undefined,
};
