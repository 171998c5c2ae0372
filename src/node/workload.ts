import type { ApplicationSpec } from "#spin";

/**
 * What the node part runs, as plain data: the words that containerd's shim and `kwasm up` both speak.
 * A sandbox is a pod's place (its isolation group and its sockets); a workload is one container in it.
 */

/** A socket that control opens for a sandbox and keeps open for its whole life, restarts of guests included. */
export interface ListenerSpec {
  /**
   * IPv4 or IPv6 address, never a name. `*` is every address of the network, IPv6 and IPv4 alike where it has both:
   * what a program means that listens on no address in particular.
   */
  readonly address: string;
  /** 0 lets the kernel choose; `SandboxView.listeners` says what it chose. */
  readonly port: number;
  /** The port by which a guest knows it that binds sockets itself, where that is another one. */
  readonly guestPort?: number;
  /** TCP where this is left out. A guest of WASI 0.1 can only receive on a socket for UDP. */
  readonly protocol?: "tcp" | "udp";
}

/** Whom guests run as, by the numbers that the kernel knows. */
export interface UserSpec {
  readonly uid: number;
  readonly gid: number;
  readonly additionalGids: readonly number[];
}

export interface SandboxSpec {
  /** Unique on this machine. */
  readonly id: string;
  /** Isolation group: guests of one group share a cell (design §3); by default the pod's namespace. */
  readonly group: string;
  /**
   * Whom its guests run as, which takes a control that is root; control's own user where this is left out. Guests of
   * different users never share a cell, whatever their group.
   */
  readonly user?: UserSpec;
  readonly listeners: readonly ListenerSpec[];
  /** Where its listeners are opened: a network namespace's file such as `/var/run/netns/cni-…`; the host's by default. */
  readonly networkNamespace?: string;
  /** The pod's cgroup, from the top of each hierarchy, for a pod whose group is its own; its cell is counted there then. */
  readonly podCgroup?: string;
  /** How soon the kernel ends the cell of such a pod for want of memory: proc_pid_oom_score_adj(5). */
  readonly oomScoreAdj?: number;
}

/** Where a cell's process is counted and limited, and how soon the kernel ends it for want of memory. */
export interface CellPlace {
  /** Directories of cgroups, one in each hierarchy; the cell gets one of its own below each, which goes with it. */
  readonly cgroups: readonly string[];
  readonly oomScoreAdj: number;
}

/** Says where the cell of a sandbox belongs. */
export interface CellPlaces {
  placeOf(sandbox: Pick<SandboxSpec, "podCgroup" | "oomScoreAdj">): CellPlace;
}

/** A host directory or file that a guest sees at `guestPath`. */
export interface MountSpec {
  readonly hostPath: string;
  /** Absolute for containers; `kwasm run --dir` may name a relative one. */
  readonly guestPath: string;
  readonly readOnly: boolean;
}

/**
 * FIFOs that somebody else made and has the other ends of, as containerd does. Output without one is discarded, and both
 * may be the same; input without one is at its end from the start.
 */
export interface FifoStreams {
  readonly stdinPath?: string;
  readonly stdoutPath?: string;
  readonly stderrPath?: string;
  /** The streams are a terminal's: there is one output, which is `stdoutPath`, and the input is what is typed. */
  readonly isTerminal?: boolean;
}

/** Where a guest's streams lead. `log`: one file in CRI's log format, kept by control's log writer. */
export type OutputSpec =
  | { readonly kind: "log"; readonly path: string }
  | ({ readonly kind: "fifos" } & FifoStreams)
  | { readonly kind: "discard" };

/** Rules for connections and sockets of a guest's own, as the engine reads them. */
export interface NetworkGrant {
  /** Where it may connect and send to, `[SCHEME://]HOST[:PORT]`, and what names it may look up by that. */
  readonly outbound: readonly string[];
  /** Where it may listen, `ADDR:PORT`. */
  readonly binds: readonly string[];
  /** Who answers for names: files as resolv.conf(5) and hosts(5) have them, the machine's own where left out. */
  readonly resolvConfPath?: string;
  readonly hostsPath?: string;
}

/** How a guest is started where that is not as usual. */
export interface StartOptions {
  /** Functions that it imports and that nobody offers trap when they are called; without it they refuse the guest. */
  readonly trapsUnknownImports?: boolean;
  /** A call in WAVE, such as `f(1, "x")`: this exported function is called instead of what a command runs. */
  readonly invoke?: string;
}

/** How a component that exports an HTTP handler answers; what is left out is as the engine has it. */
export interface HttpSpec {
  /** Requests that one instance answers, one after the other. */
  readonly reuse?: number;
  /** Requests that are answered at a time, and that wait for their turn. */
  readonly concurrencyMax?: number;
  readonly queueMax?: number;
  /** How long a request may wait for the head of its answer, milliseconds. */
  readonly answerMsMax?: number;
  readonly bodyBytesMax?: number;
  /** How long requests may take to end after SIGTERM, milliseconds. */
  readonly drainMsMax?: number;
  /** Whether a line is written to its standard error for each request. */
  readonly logsAccess?: boolean;
}

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
  /** What it may do with the network of its sandbox beside the sockets that it is handed; nothing where it is left out. */
  readonly network?: NetworkGrant;
  /** Cap of linear memory and tables together, bytes. */
  readonly memoryBytesMax: number;
  readonly start?: StartOptions;
  /** Only for components that answer HTTP requests on the sandbox's listeners. */
  readonly http?: HttpSpec;
  /** A Spin application of several components; `module` is its first one's. */
  readonly application?: ApplicationSpec;
  /** What it was promised of the processors. It is kept and not enforced: guests of a cell take turns as they yield. */
  readonly cpu?: CpuShare;
}

/** Shares and quota of processors, in the words of the OCI runtime specification. */
export interface CpuShare {
  readonly shares?: number;
  /** Microseconds of each period; missing where there is no quota. */
  readonly quotaUs?: number;
  readonly periodUs?: number;
}

/** Limits that can change while a guest runs; what is left out stays as it is. */
export type WorkloadLimits = Partial<Pick<WorkloadSpec, "memoryBytesMax" | "cpu">>;

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
  /** Whether the guest is kept from its thread, from its next call that waits on. */
  readonly isPaused?: boolean;
  readonly startedAtMs?: number;
  readonly exit?: ExitStatus;
}

export interface SandboxView {
  readonly id: string;
  readonly group: string;
  /** As bound: a port that was 0 is the real one here. */
  readonly listeners: readonly ListenerSpec[];
}

/** What a workload has used and may use; the times of an ended one stay known until it is deleted. */
export interface WorkloadStats {
  /** Linear memory and tables of the instance when it last gave its thread back, bytes; 0 unless it runs. */
  readonly memoryBytes: number;
  readonly memoryBytesMax: number;
  /** Time on its cell's thread, and of what was done to start it. */
  readonly cpuNanoseconds: number;
  readonly cpu: CpuShare;
}

/** A look into a workload that runs, by a command of the runtime itself: see `inspect`. */
export interface InspectionSpec {
  /** The command's words, such as `ls`, `-l` and `/`. */
  readonly command: readonly string[];
  /** Where relative paths of the command begin. */
  readonly workingDirectory: string;
  readonly streams: FifoStreams;
}

/** A look under way. Whoever asked for it closes it. */
export interface Inspection {
  /** The command's exit code; 128 + the signal's number where it was ended. */
  readonly ended: Promise<number>;
  kill(signal: KillSignal): void;
  /** Lets go of its streams too; what nobody has read of its output is lost. Idempotent. */
  close(): void;
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
  /** What a workload was made of, with the limits that it has now. */
  specOf(id: string): WorkloadSpec;
  /** Read from what the cell writes down, without asking it: guests cannot hold the answer up. */
  statsOf(id: string): WorkloadStats;
  /**
   * Changes limits, also of a guest that runs. A cap of memory below what it has is `failed-precondition`: memories
   * cannot shrink, and a limit that does not hold must not be told as one that does.
   */
  limitWorkload(id: string, limits: WorkloadLimits): Promise<void>;
  /** Pauses a guest that runs; one that computes, at its next call that waits. Nothing happens where it is paused. */
  pauseWorkload(id: string): Promise<void>;
  resumeWorkload(id: string): Promise<void>;
  /**
   * Lets the guest read the end of its input once all others who write to it have closed it too; until then control
   * keeps it open, so that whoever writes may be started again. Idempotent.
   */
  closeInput(id: string): Promise<void>;
  /**
   * Looks into a running workload from a process of its own, which has the workload's files and nothing of its cell:
   * a guest that does not yield can be looked at. Resolves when the look has begun; `failed-precondition` for
   * a workload that does not run.
   */
  inspect(id: string, spec: InspectionSpec): Promise<Inspection>;
  /** Called at every change of a workload's state, in order; returns the function that stops it. */
  onChange(listener: (view: WorkloadView) => void): () => void;
  /** Process ids of the cells by isolation group, for `describe` and for operators of the machine. */
  listCells(): readonly { readonly group: string; readonly pid: number }[];
  /** Ends every guest and cell and closes every socket. Idempotent. */
  close(): Promise<void>;
}
