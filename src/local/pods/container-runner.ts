import { KwasmError } from "#base";
import type { ExitStatus } from "#node";
import type { Container, Pod, Probe } from "../kinds/index.ts";
import type { ProbeTarget } from "./check-probe.ts";
import {
  type ContainerAction,
  type ContainerEvent,
  type ContainerRules,
  type ContainerState,
  transition,
} from "./container-state.ts";
import { type PodContext, recordPodEvent } from "./pod-context.ts";
import type { ContainerReport } from "./pod-status.ts";
import type { Blocked, Prepared } from "./prepare-container.ts";
import { runProbe } from "./run-probe.ts";

export interface ContainerRunnerOptions {
  readonly context: PodContext;
  readonly pod: Pod;
  readonly container: Container;
  readonly state: ContainerState;
  readonly rules: ContainerRules;
  readonly prepare: (restartCount: number) => Promise<Prepared>;
  readonly probeTarget: () => ProbeTarget;
  /** Called after each change of the state. */
  readonly onChange: () => void;
}

/** Performs what the state table of one container says. All decisions are in `container-state.ts`. */
export class ContainerRunner {
  readonly #options: ContainerRunnerOptions;
  #state: ContainerState;
  #imageID = "";
  #workloadId: string | undefined;
  /** The run that is under way, from its preparation to its removed workload. */
  #run: Promise<void> = Promise.resolve();
  #probes = new AbortController();
  #retry = new AbortController();
  /** Aborted at the end of the present run. */
  #ended = new AbortController();

  constructor(options: ContainerRunnerOptions) {
    this.#options = options;
    this.#state = options.state;
  }

  get report(): ContainerReport {
    const { name, image } = this.#options.container;
    const containerID = this.#workloadId === undefined ? undefined : `kwasm://${this.#workloadId}`;
    return { name, image, imageID: this.#imageID, containerID, state: this.#state };
  }

  /** To be called once. */
  start(): void {
    const { phase } = this.#state;
    if (phase.name === "creating") this.#perform({ kind: "prepare" });
    if (phase.name === "backoff") this.#perform({ kind: "arm-retry", delayMs: phase.delayMs });
  }

  /** Ends the guest, by force after `graceMs`, and resolves when nothing of it is left. */
  async end(graceMs: number): Promise<void> {
    this.#dispatch({ kind: "end-requested", graceMs });
    this.#retry.abort();
    await this.#run;
  }

  /** What it waited for may be there now: an image, a ConfigMap. Does nothing for a container that is not blocked. */
  retryIfBlocked(): void {
    if (this.#state.phase.name === "blocked") this.#retry.abort();
  }

  #dispatch(event: ContainerEvent): void {
    const { state, actions } = transition(this.#state, event, this.#options.rules);
    if (state === this.#state && actions.length === 0) return;
    this.#state = state;
    for (const action of actions) this.#perform(action);
    this.#options.onChange();
  }

  #perform(action: ContainerAction): void {
    switch (action.kind) {
      case "prepare":
        this.#run = this.#runOnce();
        return;
      case "kill":
        this.#guard("end a container", this.#kill(action.graceMs));
        return;
      case "arm-retry":
        this.#guard("wait for a restart", this.#retryAfter(action.delayMs));
        return;
      case "start-probes":
        this.#startProbes();
        return;
      case "stop-probes":
        this.#probes.abort();
        return;
    }
  }

  /** One run of the guest. Never rejects: whatever goes wrong becomes an event of the table. */
  async #runOnce(): Promise<void> {
    const { context, container } = this.#options;
    try {
      const exit = await this.#prepareAndRun();
      if (exit === undefined) return;
      this.#noteExit(exit);
      this.#dispatch({ kind: "exited", exit });
    } catch (error) {
      const { message } = KwasmError.from(error, `run container "${container.name}"`);
      context.log.error("run of a container failed", { pod: this.#options.pod.metadata.name, reason: message });
      this.#block({ reason: "RunContainerError", message, event: "Failed" });
    }
  }

  /** Undefined when there was no run to speak of: blocked, or the pod was told to go before the guest started. */
  async #prepareAndRun(): Promise<ExitStatus | undefined> {
    const { runtime, startGate } = this.#options.context;
    const started = await startGate.run(() => this.#prepareAndStart());
    if (started === undefined) return undefined;
    // The pod may have been told to go while the guest was being started; the table has moved on by then.
    if (this.#state.phase.name === "ended") await runtime.killWorkload(started.id, "SIGKILL");
    else if (started.isRunning) this.#noteStarted();
    const exit = await runtime.waitWorkload(started.id);
    this.#ended.abort();
    await runtime.deleteWorkload(started.id);
    return exit;
  }

  async #prepareAndStart(): Promise<{ readonly id: string; readonly isRunning: boolean } | undefined> {
    const { context, prepare } = this.#options;
    if (this.#state.phase.name !== "creating") return undefined;
    const prepared = await prepare(this.#state.restartCount);
    if (this.#state.phase.name !== "creating") return undefined;
    if ("blocked" in prepared) {
      this.#block(prepared.blocked);
      return undefined;
    }
    const { spec, imageID, pulled } = prepared;
    this.#imageID = imageID;
    this.#workloadId = spec.id;
    this.#ended = new AbortController();
    this.#record("Normal", "Pulled", pulled);
    await context.runtime.createWorkload(spec);
    this.#record("Normal", "Created", `Created container: ${this.#options.container.name}`);
    return this.#startCreated(spec.id);
  }

  async #startCreated(id: string): Promise<{ readonly id: string; readonly isRunning: boolean }> {
    const { runtime } = this.#options.context;
    try {
      const view = await runtime.startWorkload(id);
      return { id, isRunning: view.state !== "exited" };
    } catch (error) {
      await runtime.deleteWorkload(id);
      throw error;
    }
  }

  #noteStarted(): void {
    this.#record("Normal", "Started", `Started container ${this.#options.container.name}`);
    this.#dispatch({ kind: "started", nowMs: this.#options.context.clock.nowMs() });
  }

  /** A first look that fails is an error; while it keeps failing the kubelet calls it a back-off. */
  #block({ reason, message, event }: Blocked): void {
    const { context, container } = this.#options;
    const isAgain = reason === "ErrImagePull" && this.#state.backoff !== undefined;
    const isPull = reason === "ErrImagePull" || reason === "InvalidImageName";
    this.#record("Warning", event, isPull ? `Failed to pull image "${container.image}": ${message}` : message);
    if (isAgain) this.#record("Normal", "BackOff", `Back-off pulling image "${container.image}"`);
    const shown = isAgain ? "ImagePullBackOff" : reason;
    this.#dispatch({ kind: "prepare-failed", reason: shown, message, nowMs: context.clock.nowMs() });
  }

  #noteExit(exit: ExitStatus): void {
    const { container, pod } = this.#options;
    if (exit.reason === "StartError") this.#record("Warning", "Failed", `Error: ${exit.message}`);
    else if (exit.reason !== "Completed" && this.#state.phase.name === "running") {
      this.#record(
        "Warning",
        exit.reason,
        `Container ${container.name} ended with exit code ${exit.code}${exit.message === "" ? "" : `: ${exit.message}`}`,
      );
    }
    const isInBackoff = this.#state.backoff !== undefined && this.#state.phase.name === "running";
    if (isInBackoff) {
      this.#record(
        "Warning",
        "BackOff",
        `Back-off restarting failed container ${container.name} in pod ${pod.metadata.name}`,
      );
    }
  }

  /** Twice may be asked for, the second time with less grace: each asks the runtime, which answers the first end. */
  async #kill(graceMs: number): Promise<void> {
    const { context } = this.#options;
    const id = this.#workloadId;
    if (id === undefined) return;
    const { signal } = this.#ended;
    if (signal.aborted) return;
    if (graceMs > 0) {
      await context.runtime.killWorkload(id, "SIGTERM");
      await context.clock.sleep(graceMs, signal).catch(ignoreCancelled);
    }
    if (!signal.aborted) await context.runtime.killWorkload(id, "SIGKILL");
  }

  async #retryAfter(delayMs: number): Promise<void> {
    this.#retry = new AbortController();
    await this.#options.context.clock.sleep(delayMs, this.#retry.signal).catch(ignoreCancelled);
    this.#dispatch({ kind: "retry-due" });
  }

  #startProbes(): void {
    const { startupProbe } = this.#options.container;
    this.#probes = new AbortController();
    const { signal } = this.#probes;
    if (startupProbe === undefined) {
      this.#startRunningProbes(signal);
      return;
    }
    this.#probe(startupProbe, "Startup", signal, (isPassing) => {
      if (!isPassing) return this.#failProbe("startup", startupProbe);
      this.#dispatch({ kind: "startup-passed" });
      this.#startRunningProbes(signal);
    });
  }

  #startRunningProbes(signal: AbortSignal): void {
    const { livenessProbe, readinessProbe } = this.#options.container;
    if (readinessProbe !== undefined) {
      this.#probe(readinessProbe, "Readiness", signal, (isReady) => this.#dispatch({ kind: "readiness", isReady }));
    }
    if (livenessProbe === undefined) return;
    this.#probe(livenessProbe, "Liveness", signal, (isPassing) => {
      if (!isPassing) this.#failProbe("liveness", livenessProbe);
    });
  }

  /** A startup probe ends at its first verdict; the others run on until the container's run is over. */
  #probe(probe: Probe, title: string, signal: AbortSignal, onVerdict: (isPassing: boolean) => void): void {
    const verdictGiven = new AbortController();
    const run = runProbe({
      probe,
      target: this.#options.probeTarget(),
      clock: this.#options.context.clock,
      signal: title === "Startup" ? AbortSignal.any([signal, verdictGiven.signal]) : signal,
      onVerdict: (verdict) => {
        verdictGiven.abort();
        onVerdict(verdict === "passing");
      },
      onFailure: (message) => this.#record("Warning", "Unhealthy", `${title} probe failed: ${message}`),
    });
    this.#guard("probe a container", run);
  }

  #failProbe(kind: "startup" | "liveness", probe: Probe): void {
    const { container, pod } = this.#options;
    this.#record("Normal", "Killing", `Container ${container.name} failed ${kind} probe, will be restarted`);
    const graceSeconds = probe.terminationGracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds;
    this.#dispatch({ kind: "probe-failed", graceMs: graceSeconds * 1_000 });
  }

  #record(type: "Normal" | "Warning", reason: string, message: string): void {
    recordPodEvent(this.#options.context, this.#options.pod, { type, reason, message });
  }

  /** For work beside the run, whose failure must be seen and must not end control. */
  #guard(action: string, work: Promise<void>): void {
    const { context, pod } = this.#options;
    work.catch((error: unknown) => {
      context.log.error(`${action} failed`, { pod: pod.metadata.name, reason: KwasmError.from(error, action).message });
    });
  }
}

/** An aborted sleep is the wanted end of a wait. */
function ignoreCancelled(): void {
  return undefined;
}
