import type { ComponentPlan } from "../component/index.ts";
import { discardedOutput } from "../host/index.ts";
import { checkInterfaces, commandOf, startName } from "./check-command.ts";
import { type ComponentConfig, ComponentInstance, isRefusal } from "./component-instance.ts";
import type { GuestEnd } from "./guest-end.ts";
import { type Invocation, planInvocation } from "./invocation.ts";
import type { Guest, MemoryRefusal } from "./run-guest.ts";
import { writeText } from "./write-text.ts";

/** Everything one command is given, except what the runner itself supplies. */
export interface CommandConfig extends ComponentConfig {
  /** A call in WAVE of an exported function, which is made instead of what a command runs. */
  readonly invoke?: string;
}

/**
 * Starts a component that is a command of WASI 0.2 or 0.3. Rejects before anything of it runs where it is none, or where an
 * import is missing; from then on every way to end is a `GuestEnd`. All handles in `config` belong to the guest and
 * are closed at its end, and also where it could not be started.
 */
export async function startComponent(plan: ComponentPlan, config: CommandConfig): Promise<Guest> {
  const guest = new RunningCommand(config);
  guest.start(plan, config);
  return guest;
}

class RunningCommand implements Guest {
  readonly #instance: ComponentInstance;
  readonly #ended = Promise.withResolvers<GuestEnd>();

  constructor({ invoke: _invoke, ...config }: CommandConfig) {
    this.#instance = new ComponentInstance(config);
  }

  get ended(): Promise<GuestEnd> {
    return this.#ended.promise;
  }

  start(plan: ComponentPlan, config: CommandConfig): void {
    const instance = this.#instance;
    let work: () => Promise<number>;
    try {
      const invocation = config.invoke === undefined ? undefined : planInvocation(plan, config.invoke);
      const command = invocation === undefined ? commandOf(plan) : undefined;
      if (config.trapsUnknownImports !== true) checkInterfaces(plan, instance.offers);
      instance.instantiate(plan);
      work = invocation === undefined ? () => this.#runCommand(command) : () => this.#invoke(invocation, config);
    } catch (thrown) {
      if (isRefusal(thrown)) {
        instance.close();
        throw thrown;
      }
      this.#finish(instance.endOf(thrown));
      return;
    }
    void this.#run(work).then((end) => this.#finish(end));
  }

  kill(reason: string): void {
    this.#instance.kill(reason);
  }

  memoryBytes(): number {
    return this.#instance.memoryBytes();
  }

  limitMemory(memoryBytesMax: number): void {
    this.#instance.limitMemory(memoryBytesMax);
  }

  memoryRefused(): MemoryRefusal | undefined {
    return this.#instance.memoryRefused();
  }

  async #runCommand(command: string | undefined): Promise<number> {
    if (command === undefined) {
      await this.#instance.call(startName, undefined);
      return 0;
    }
    return isError(await this.#instance.call("run", command)) ? 1 : 0;
  }

  /** The answer goes to where the guest's own output goes, behind it. */
  async #invoke(invocation: Invocation, { stdout = discardedOutput }: CommandConfig): Promise<number> {
    const { name, interfaceName, parameters, print } = invocation;
    const text = print(await this.#instance.call(name, interfaceName, ...parameters));
    if (text !== "") await writeText(stdout, `${text}\n`);
    return 0;
  }

  async #run(work: () => Promise<number>): Promise<GuestEnd> {
    try {
      return { kind: "exit", code: await work() };
    } catch (thrown) {
      return this.#instance.endOf(thrown);
    }
  }

  #finish(end: GuestEnd): void {
    try {
      this.#instance.close();
    } finally {
      this.#ended.resolve(end);
    }
  }
}

function isError(answer: unknown): boolean {
  return typeof answer === "object" && answer !== null && "tag" in answer && answer.tag === "err";
}
