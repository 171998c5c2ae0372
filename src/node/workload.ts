/**
 * What the node part runs, as plain data: the words that containerd's shim and `kwasm up` both speak.
 * A sandbox is a pod's place (its isolation group and its sockets); a workload is one container in it.
 */

/** A TCP socket that control opens for a sandbox and keeps open for its whole life, restarts of guests included. */
export interface ListenerSpec {
  /** IPv4 or IPv6 address, never a name. */
  readonly address: string;
  /** 0 lets the kernel choose; `SandboxView.listeners` says what it chose. */
  readonly port: number;
}

export interface SandboxSpec {
  /** Unique on this machine. */
  readonly id: string;
  /** Isolation group: guests of one group share a cell (design §3); by default the pod's namespace. */
  readonly group: string;
  readonly listeners: readonly ListenerSpec[];
  /** Where its listeners are opened: a network namespace's file such as `/var/run/netns/cni-…`; the host's by default. */
  readonly networkNamespace?: string;
}

/** A host directory or file that a guest sees at `guestPath`. */
export interface MountSpec {
  readonly hostPath: string;
  /** Absolute for containers; `kwasm run --dir` may name a relative one. */
  readonly guestPath: string;
  readonly readOnly: boolean;
}

/**
 * Where a guest's output goes. `log`: one file in CRI's log format, kept by control's log writer. `fifos`: FIFOs that
 * somebody else reads, as containerd does; a stream without one is discarded, and both may be the same.
 */
export type OutputSpec =
  | { readonly kind: "log"; readonly path: string }
  | { readonly kind: "fifos"; readonly stdoutPath?: string; readonly stderrPath?: string }
  | { readonly kind: "discard" };

export interface WorkloadSpec {
  /** Unique on this machine; a restarted container is a new workload with a new id. */
  readonly id: string;
  readonly sandboxId: string;
  /** What messages call it, such as `default/hello-wasm-5qxhh/hello`; its id where this is left out. */
  readonly displayName?: string;
  /** The module as a file on this machine, with its digest (`sha256:…`) as the key of the compile cache. */
  readonly module: { readonly path: string; readonly digest: string };
  /** argv, its first word included. */
  readonly args: readonly string[];
  readonly env: readonly (readonly [name: string, value: string])[];
  readonly mounts: readonly MountSpec[];
  readonly output: OutputSpec;
  /** Cap of linear memory and tables together, bytes. */
  readonly memoryBytesMax: number;
}

export type WorkloadState = "created" | "starting" | "running" | "exited";

/** Reasons as Kubernetes prints them in a container's status. */
export type ExitReason = "Completed" | "Error" | "OOMKilled" | "StartError" | "ContainerStatusUnknown";

export interface ExitStatus {
  /** The guest's own code, 128 + signal for a killed one, 134 for a trap, 137 for OOMKilled, 126 for a StartError. */
  readonly code: number;
  readonly reason: ExitReason;
  /** Why, for a person: the trap with its Wasm stack, the limit that was passed, the neighbour that took the cell down. */
  readonly message: string;
  readonly startedAtMs: number;
  readonly finishedAtMs: number;
}

/** A row of control's state table. */
export interface WorkloadView {
  readonly id: string;
  readonly sandboxId: string;
  readonly state: WorkloadState;
  readonly startedAtMs?: number;
  readonly exit?: ExitStatus;
}

export interface SandboxView {
  readonly id: string;
  readonly group: string;
  /** As bound: a port that was 0 is the real one here. */
  readonly listeners: readonly ListenerSpec[];
}

export interface WorkloadStats {
  /** Linear memory of the instance, bytes. */
  readonly memoryBytes: number;
}

/** The two signals that WASI guests can meet: neither can be caught by them. */
export type KillSignal = "SIGTERM" | "SIGKILL" | "SIGINT";

/** The runtime of one machine: control's side of design §3. Every call is answered from the state table. */
export interface NodeRuntime {
  createSandbox(spec: SandboxSpec): Promise<SandboxView>;
  /** Ends what still runs in it and closes its sockets; a sandbox that is not there is no error. */
  deleteSandbox(id: string): Promise<void>;
  createWorkload(spec: WorkloadSpec): Promise<WorkloadView>;
  /** Resolves when the guest's first instruction may run; a module that cannot run ends as a StartError instead of throwing. */
  startWorkload(id: string): Promise<WorkloadView>;
  killWorkload(id: string, signal: KillSignal): Promise<void>;
  waitWorkload(id: string): Promise<ExitStatus>;
  /** Removes an ended workload's row; `failed-precondition` while it runs. */
  deleteWorkload(id: string): Promise<void>;
  listSandboxes(): readonly SandboxView[];
  listWorkloads(): readonly WorkloadView[];
  statsOf(id: string): Promise<WorkloadStats>;
  /** Called at every change of a workload's state, in order; returns the function that stops it. */
  onChange(listener: (view: WorkloadView) => void): () => void;
  /** Process ids of the cells by isolation group, for `describe` and for operators of the machine. */
  listCells(): readonly { readonly group: string; readonly pid: number }[];
  /** Ends every guest and cell and closes every socket. Idempotent. */
  close(): Promise<void>;
}
