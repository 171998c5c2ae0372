/** How a task ended. */
export interface TaskExit {
  readonly code: number;
  readonly atMs: number;
  readonly isOutOfMemory: boolean;
}

/** Paths that containerd gave for a task's streams; "" for one that nobody wants. */
export interface TaskStreams {
  readonly stdin: string;
  readonly stdout: string;
  readonly stderr: string;
  readonly terminal: boolean;
}

export interface TaskIdentity {
  /** containerd's namespace, such as `k8s.io`. */
  readonly namespace: string;
  readonly id: string;
  readonly bundle: string;
}

/** What containerd calls a task: one container, or the place of a pod that it thinks of as a container. */
export interface Task extends TaskIdentity {
  readonly streams: TaskStreams;
  readonly status: "created" | "running" | "stopped";
  readonly exit: TaskExit | undefined;
  /** Never rejects. */
  readonly exited: Promise<TaskExit>;
  /** Throws a typed error where it cannot be started; it is stopped then. */
  start(): Promise<void>;
  /** Ends it for a signal's number, unless that signal ends nothing by default. */
  kill(signal: number): Promise<void>;
  memory(): Promise<TaskMemory>;
  /** Gives back all that it holds; what still runs is ended. */
  remove(): Promise<void>;
}

export interface TaskMemory {
  readonly usageBytes: number;
  readonly limitBytes: number;
}

/** What a task does by itself, told in the order in which it happens. */
export interface TaskObserver {
  onStart(task: Task): void;
  onExit(task: Task, exit: TaskExit): void;
}

/**
 * The process id of every task. Guests have no process of their own, and the id of one that serves several pods would
 * lead other tools into the node's namespaces; containerd takes 0 for "none".
 */
export const TASK_PID = 0;
