import type { Inspection, InspectionSpec, WorkloadLimits } from "#node";

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

/** What can be started, waited for and ended: a task itself, or a process that was added to it. */
export interface TaskProcess {
  readonly streams: TaskStreams;
  readonly status: "created" | "running" | "stopped" | "paused";
  readonly exit: TaskExit | undefined;
  /** Never rejects. */
  readonly exited: Promise<TaskExit>;
  /** Throws a typed error where it cannot be started; it is stopped then. */
  start(): Promise<void>;
  /** Ends it for a signal's number, unless that signal ends nothing by default. */
  kill(signal: number): Promise<void>;
  /** Nobody will write to its standard input any more. Idempotent. */
  closeInput(): Promise<void>;
}

/** What containerd calls a task: one container, or the place of a pod that it thinks of as a container. */
export interface Task extends TaskIdentity, TaskProcess {
  /** Looks into it by a command of the runtime; throws `unsupported` for one that has nothing to look at. */
  inspect(spec: InspectionSpec): Promise<Inspection>;
  /** What it has used so far, answered at once. */
  usage(): TaskUsage;
  /** Changes its limits; what is left out stays as it is. */
  update(limits: WorkloadLimits): Promise<void>;
  /** Throws a typed error for a task that cannot be paused; nothing happens to one that is. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Gives back all that it holds; what still runs is ended. */
  remove(): Promise<void>;
}

export interface TaskUsage {
  readonly cpuNanoseconds: number;
  readonly memoryBytes: number;
  /** 0 where there is no limit because there is no guest. */
  readonly memoryBytesMax: number;
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
