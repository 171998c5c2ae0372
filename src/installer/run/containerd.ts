import { parse } from "smol-toml";

import { KwasmError } from "#base";

import type { Host, RuntimeAnswer } from "../host/host.ts";
import type { OwnHandler } from "../plan/handlers.ts";
import { type ConfigurationCheck, newFileOwner } from "../plan/plan.ts";
import type { RestartRoute, SupportedNode } from "../presets/preset.ts";
import { handlersOfTable } from "../toml/handler-tables.ts";

/** `--version` and `config dump` take less than a second; a node under load may need ten times as long. */
const QUESTION_MS_MAX = 60_000;
/** systemd gives a service 90 s to start by default, and K3s waits for its API before it says so. */
const RESTART_MS_MAX = 300_000;
/** K3s brings its API up before its containerd. */
const UP_MS_MAX = 180_000;
/** No event tells of a server that is about to listen, so it is asked again. */
const ASK_AGAIN_MS = 250;

/** The node's containerd, from outside. */
export class Containerd {
  readonly #host: Host;
  readonly #node: SupportedNode;
  /** Whether this run has tried to start it again. */
  wasRestarted = false;

  constructor(host: Host, node: SupportedNode) {
    this.#host = host;
    this.#node = node;
  }

  get program(): string | undefined {
    return this.#node.programs.find((path) => this.#host.isThere(path));
  }

  /** Of the program that the next start will be of; empty where it cannot be told. */
  async readVersion(): Promise<string> {
    const { program } = this;
    if (program === undefined) return (await this.ask())?.version ?? "";
    const { output } = await this.#host.run([program, "--version"], QUESTION_MS_MAX);
    return / v?(?<version>\d+\.\d+\.\d+\S*)/u.exec(output)?.groups?.["version"] ?? "";
  }

  /** What the running one says, or undefined where none answers. */
  async ask(): Promise<RuntimeAnswer | undefined> {
    const socket = this.#node.sockets.find((path) => this.#host.isThere(path));
    if (socket === undefined) return undefined;
    try {
      return await this.#host.askRuntime(socket);
    } catch (error) {
      if (error instanceof KwasmError && absentCodes.has(error.code)) return undefined;
      throw error;
    }
  }

  /** Waits until one answers, and what it says satisfies. */
  async waitFor(isGood: (answer: RuntimeAnswer) => boolean): Promise<RuntimeAnswer | undefined> {
    const { clock } = this.#host;
    const endMs = clock.nowMs() + UP_MS_MAX;
    for (;;) {
      const answer = await this.ask();
      if (answer !== undefined && isGood(answer)) return answer;
      if (clock.nowMs() >= endMs) return answer;
      await clock.sleep(ASK_AGAIN_MS);
    }
  }

  /** Lets containerd's own parser read the new configuration. Throws `failed-precondition` with its words. */
  async check(check: ConfigurationCheck, handlers: readonly OwnHandler[], scratch: string): Promise<void> {
    const { program } = this;
    if (program === undefined) return;
    if (check.kind === "file") {
      await this.#dump(program, check.path, handlers);
      return;
    }
    this.#host.writeFile(scratch, Buffer.from(check.text), newFileOwner(0o600));
    try {
      await this.#dump(program, scratch, handlers);
    } finally {
      this.#host.removeFile(scratch);
    }
  }

  async #dump(program: string, path: string, handlers: readonly OwnHandler[]): Promise<void> {
    const command = [program, "--config", path, "config", "dump"];
    const { exitCode, output, complaint } = await this.#host.run(command, QUESTION_MS_MAX);
    if (exitCode !== 0 && !(await this.#canRead(program))) return;
    const action = `let containerd read "${path}"`;
    if (exitCode !== 0) throw new KwasmError("failed-precondition", `${action}: ${lastLine(complaint || output)}`);
    const read = handlersOfDump(output);
    const missing = handlers.find(({ name, runtimeType }) => read !== undefined && read.get(name) !== runtimeType);
    if (missing === undefined) return;
    throw new KwasmError("failed-precondition", `${action}: it does not see handler "${missing.name}" in it`);
  }

  /** Some distributions' programs are more than containerd; one without these commands says nothing about a file. */
  async #canRead(program: string): Promise<boolean> {
    const { exitCode } = await this.#host.run([program, "config", "default"], QUESTION_MS_MAX);
    return exitCode === 0;
  }

  async restart(): Promise<void> {
    for (const route of this.#node.restarts) {
      const command = await this.#commandOf(route);
      if (command === undefined) continue;
      this.wasRestarted = true;
      const { exitCode, output, complaint } = await this.#host.run(command, RESTART_MS_MAX);
      if (exitCode === 0) return;
      const reason = lastLine(complaint || output);
      throw new KwasmError("unavailable", `restart containerd by "${command.join(" ")}": ${reason}`);
    }
    throw new KwasmError("not-found", "restart containerd: the node has neither a unit of systemd nor a script for it");
  }

  async #commandOf(route: RestartRoute): Promise<readonly string[] | undefined> {
    switch (route.kind) {
      case "systemd": {
        const unit = this.#host.isThere("/run/systemd/system") ? await this.#findUnit(route.units) : undefined;
        return unit === undefined ? undefined : ["systemctl", "restart", unit];
      }
      case "script":
        return this.#host.isThere(route.path) ? [route.path, "restart"] : undefined;
      case "end-node":
        return ["kill", "-TERM", "1"];
      default:
        return route satisfies never;
    }
  }

  /** Active ones first: a machine may have units of K3s as server and as agent. */
  async #findUnit(patterns: readonly string[]): Promise<string | undefined> {
    for (const state of [["--state=active,activating,failed"], ["--all"]]) {
      for (const pattern of patterns) {
        const command = ["systemctl", "list-units", "--type=service", "--plain", "--no-legend", ...state, pattern];
        const { output } = await this.#host.run(command, QUESTION_MS_MAX);
        const unit = /^\s*(?<unit>\S+\.service)\s+(?!not-found)/mu.exec(output)?.groups?.["unit"];
        if (unit !== undefined) return unit;
      }
    }
    return undefined;
  }
}

/** Undefined for a form that we do not know; the running containerd is asked later in any case. */
function handlersOfDump(output: string): ReadonlyMap<string, string> | undefined {
  try {
    return new Map(handlersOfTable(parse(output)).map(({ name, runtimeType }) => [name, runtimeType]));
  } catch {
    // Its parser has read the file, which is what it was asked for.
    return undefined;
  }
}

const absentCodes: ReadonlySet<string> = new Set(["unavailable", "deadline-exceeded", "unsupported", "internal"]);

/** Whether the running containerd uses our tables as they are written now. */
export function serves(answer: RuntimeAnswer | undefined, handlers: readonly OwnHandler[]): boolean {
  return handlers.every(({ name, runtimeType, containerAnnotations }) => {
    const served = answer?.handlers.get(name);
    return (
      served?.runtimeType === runtimeType &&
      containerAnnotations.every((annotation) => served.containerAnnotations.includes(annotation))
    );
  });
}

/** The same, and nothing of ours that was taken out of the files since. */
export function isCurrent(answer: RuntimeAnswer, handlers: readonly OwnHandler[], directory: string): boolean {
  const isWanted = (name: string): boolean => handlers.some((handler) => handler.name === name);
  const served = [...answer.handlers].filter(([, { runtimeType }]) => runtimeType.startsWith(`${directory}/`));
  return serves(answer, handlers) && served.every(([name]) => isWanted(name));
}

/** Its restart was answered, and it is not there. */
export function notUp(): KwasmError {
  return new KwasmError("unavailable", "wait for containerd after its restart: it does not answer; see its log");
}

export function lastLine(text: string): string {
  return text.trim().split("\n").at(-1)?.slice(0, 500) ?? "";
}
