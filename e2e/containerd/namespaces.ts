import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { globSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";

import { KwasmError } from "#base";
import { listCgroups, listProcesses, makeCgroup, makeCgroups, removeCgroup } from "./cgroups.ts";

const stages = join(import.meta.dirname, "rig-stages.sh");
const execute = promisify(execFile);

/** What a pod may leave behind, counted. */
export interface Inventory {
  readonly mounts: number;
  readonly networkNamespaces: number;
  readonly networkInterfaces: number;
  readonly addresses: number;
  readonly cgroups: number;
  readonly processes: number;
  /** Bundles, and what CRI keeps of each container and sandbox, their FIFOs among it. */
  readonly folders: number;
}

const stateFolders = [
  "containerd/io.containerd.runtime.v2.task/k8s.io",
  "containerd/io.containerd.grpc.v1.cri/containers",
  "containerd/io.containerd.grpc.v1.cri/sandboxes",
] as const;

/**
 * Namespaces and cgroups in which containerd finds itself alone: its mounts, networks and processes are not seen on the
 * machine. They end with their process 1, also when this process is killed.
 */
export class Namespaces implements AsyncDisposable {
  readonly #parent: ChildProcess;
  readonly #exited: Promise<unknown>;
  readonly #cgroups: readonly string[];
  /** Process 1, by the number that it has on the machine. */
  readonly #pid: number;

  /** `directory` is the caller's; its name becomes the cgroups'. */
  static async start(directory: string, busybox: string): Promise<Namespaces> {
    const cgroups = makeCgroups(basename(directory));
    writeFileSync(join(directory, "cgroups"), cgroups.map((path) => `${path}\n`).join(""));
    const command = ["--pdeathsig", "KILL", stages, "enter", directory, busybox];
    const parent = spawn("setpriv", command, { stdio: ["ignore", "pipe", "pipe"] });
    const exited = once(parent, "exit");
    const complaint = text(parent.stderr);
    await Promise.race([once(parent.stdout, "data"), exited]);
    if (!isEnded(parent)) return new Namespaces(parent, exited, cgroups);
    cgroups.forEach(removeCgroup);
    const reason = (await complaint).trim();
    throw new KwasmError("failed-precondition", `making namespaces for "${directory}", which needs root: ${reason}`);
  }

  private constructor(parent: ChildProcess, exited: Promise<unknown>, cgroups: readonly string[]) {
    this.#parent = parent;
    this.#exited = exited;
    this.#cgroups = cgroups;
    this.#pid = childOf(parent);
  }

  /** Starts a command inside, in the rig's cgroups. What is returned is its parent outside, which ends as it ends. */
  spawn(command: readonly string[], env: NodeJS.ProcessEnv): ChildProcess {
    return spawn("nsenter", [...this.#enter, stages, "join", ...command], { env, stdio: ["ignore", "pipe", "pipe"] });
  }

  /** Runs a command inside to its end, and returns its output. */
  async run(command: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
    const { stdout } = await execute("nsenter", [...this.#enter, ...command], { env });
    return stdout;
  }

  /** Makes a cgroup in each hierarchy; `path` is what processes of the rig see. */
  makeCgroup(path: string): void {
    for (const cgroup of this.#cgroups) makeCgroup(cgroup, path);
  }

  removeCgroup(path: string): void {
    for (const cgroup of this.#cgroups) removeCgroup(join(cgroup, path));
  }

  /** The processes inside, by the numbers that they have on the machine. */
  listProcesses(): readonly number[] {
    return [...new Set(this.#cgroups.flatMap(listProcesses))];
  }

  countAll(): Inventory {
    const run = join(`/proc/${this.#pid}`, "root", "run");
    return {
      mounts: countLines(`/proc/${this.#pid}/mountinfo`),
      networkNamespaces: globSync("netns/*", { cwd: run }).length,
      networkInterfaces: countLines(`/proc/${this.#pid}/net/dev`),
      addresses: globSync("cni-addresses/*/*", { cwd: run }).length,
      cgroups: this.#cgroups.flatMap(listCgroups).length,
      processes: this.listProcesses().length,
      folders: stateFolders.flatMap((folder) => globSync(join(folder, "*"), { cwd: run })).length,
    };
  }

  get #enter(): readonly string[] {
    return ["--target", String(this.#pid), "--all", "--"];
  }

  /** The kernel ends process 1 after all others of its namespace, and its parent ends after it; pid_namespaces(7). */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!isEnded(this.#parent)) process.kill(this.#pid, "SIGKILL");
    await this.#exited;
    this.#cgroups.forEach(removeCgroup);
  }
}

/** The one child of a process that forked only once. */
export function childOf({ pid }: Pick<ChildProcess, "pid">): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim());
}

export function isEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

function countLines(path: string): number {
  return readFileSync(path, "utf8").trimEnd().split("\n").length;
}
