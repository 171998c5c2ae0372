/**
 * Which pods a Deployment creates and removes next. Pure: the controller calls it again after every change, so each
 * answer is only as large as the limits allow right now.
 */

export interface RolloutPod {
  readonly name: string;
  /** Made from the present template. */
  readonly isCurrent: boolean;
  /** Ready for at least `minReadySeconds`. */
  readonly isAvailable: boolean;
  readonly isDeleting: boolean;
  readonly createdAtMs: number;
}

export interface RolloutGoal {
  readonly replicas: number;
  readonly isRecreate: boolean;
  /** Counts, already resolved from percentages; never both zero. Unused by Recreate. */
  readonly maxSurge: number;
  readonly maxUnavailable: number;
  readonly isPaused: boolean;
}

export interface RolloutPlan {
  readonly createCount: number;
  readonly remove: readonly string[];
}

export function planRollout(goal: RolloutGoal, pods: readonly RolloutPod[]): RolloutPlan {
  const active = pods.filter(({ isDeleting }) => !isDeleting);
  const current = active.filter(({ isCurrent }) => isCurrent);
  const old = active.filter(({ isCurrent }) => !isCurrent);
  if (old.length === 0 && !(goal.isRecreate && pods.some(({ isCurrent }) => !isCurrent))) {
    return planScale(goal.replicas, current);
  }
  if (goal.isPaused) return planScaleOfMixed(goal, current, old);
  return goal.isRecreate ? planRecreate(goal, current, old) : planRolling(goal, current, old);
}

/** One revision only: as many as wanted. */
function planScale(replicas: number, current: readonly RolloutPod[]): RolloutPlan {
  const missing = replicas - current.length;
  if (missing >= 0) return { createCount: missing, remove: [] };
  return { createCount: 0, remove: namesOf(inOrderOfRemoval(current).slice(0, -missing)) };
}

/** A paused rollout keeps its mix of revisions and still scales: up with the present template, down with the old first. */
function planScaleOfMixed(goal: RolloutGoal, current: readonly RolloutPod[], old: readonly RolloutPod[]): RolloutPlan {
  const missing = goal.replicas - current.length - old.length;
  if (missing >= 0) return { createCount: missing, remove: [] };
  const order = [...inOrderOfRemoval(old), ...inOrderOfRemoval(current)];
  return { createCount: 0, remove: namesOf(order.slice(0, -missing)) };
}

/** All old pods go, wholly, before the first new one comes. */
function planRecreate(goal: RolloutGoal, current: readonly RolloutPod[], old: readonly RolloutPod[]): RolloutPlan {
  const surplus = Math.max(current.length - goal.replicas, 0);
  return { createCount: 0, remove: namesOf([...old, ...inOrderOfRemoval(current).slice(0, surplus)]) };
}

/**
 * The rolling update of Kubernetes: never more than `replicas + maxSurge` pods, and no available pod is removed that
 * would leave fewer than `replicas - maxUnavailable`. Pods that are not available serve nobody and may go at once.
 */
function planRolling(goal: RolloutGoal, current: readonly RolloutPod[], old: readonly RolloutPod[]): RolloutPlan {
  const room = goal.replicas + goal.maxSurge - current.length - old.length;
  const missing = goal.replicas - current.length;
  const createCount = Math.max(Math.min(room, missing), 0);
  const surplusOfCurrent = inOrderOfRemoval(current).slice(0, Math.max(-missing, 0));
  const candidates = [...inOrderOfRemoval(old), ...surplusOfCurrent];
  const available = [...current, ...old].filter(({ isAvailable }) => isAvailable).length;
  let spare = Math.max(available - (goal.replicas - goal.maxUnavailable), 0);
  const remove: RolloutPod[] = [];
  for (const pod of candidates) {
    if (pod.isAvailable && spare === 0) continue;
    if (pod.isAvailable) spare -= 1;
    remove.push(pod);
  }
  return { createCount, remove: namesOf(remove) };
}

/** Those that serve nobody first, then the newest, which have the least to lose. */
function inOrderOfRemoval(pods: readonly RolloutPod[]): RolloutPod[] {
  return [...pods].sort(
    (one, other) =>
      Number(one.isAvailable) - Number(other.isAvailable) ||
      other.createdAtMs - one.createdAtMs ||
      (one.name < other.name ? 1 : -1),
  );
}

function namesOf(pods: readonly RolloutPod[]): string[] {
  return pods.map(({ name }) => name);
}
