import type { ComponentPlan } from "../component/index.ts";
import { checkInterfaces } from "../guest/check-command.ts";
import { type ComponentConfig, ComponentInstance } from "../guest/component-instance.ts";
import { DescriptorBudget } from "../host/index.ts";
import { HandlerInstance } from "./handler-instance.ts";
import { InstanceShelf } from "./instance-shelf.ts";
import type { MemoryShare } from "./memory-share.ts";

/** Descriptors that one instance may hold, as Linux' default soft limit for a process. */
const filesOpenMax = 1024;

/** A component that answers requests, and what its instances may use together; the service closes it. */
export interface HttpProgram extends Pick<
  ComponentConfig,
  "args" | "env" | "preopens" | "network" | "packages" | "trapsUnknownImports"
> {
  readonly plan: ComponentPlan;
}

/** What instances of all components of a service have in common; none of it is theirs to close. */
export type CommonConfig = Pick<
  ComponentConfig,
  "stdout" | "stderr" | "clocks" | "fillRandom" | "turn" | "thread" | "gate"
>;

interface InstancesParts {
  readonly common: CommonConfig;
  readonly share: MemoryShare;
  /** Requests that one instance answers, one after the other. */
  readonly reuse: number;
}

/** Makes instances of one component of a service. */
export class ProgramInstances {
  readonly #program: HttpProgram;
  readonly #parts: InstancesParts;
  readonly #shelf: InstanceShelf;

  constructor(program: HttpProgram, parts: InstancesParts) {
    this.#program = program;
    this.#parts = parts;
    this.#shelf = new InstanceShelf(parts.reuse);
  }

  get plan(): ComponentPlan {
    return this.#program.plan;
  }

  /** Throws where the component lacks an import. */
  check(): void {
    if (this.#program.trapsUnknownImports === true) return;
    const probe = new ComponentInstance(this.#instanceConfig());
    checkInterfaces(this.plan, probe.offers);
    probe.close();
  }

  /** One that has answered and may answer again, else a new one, which is to begin. */
  take(): HandlerInstance {
    return this.#shelf.take() ?? new HandlerInstance(this.#instanceConfig(), this.#parts.share);
  }

  /** Takes an instance back that has answered well. */
  put(instance: HandlerInstance): void {
    this.#shelf.put(instance);
  }

  closeShelf(): void {
    this.#shelf.close();
  }

  /** Closes what instances were given views of. */
  closeGrants(): void {
    const { network, preopens = [] } = this.#program;
    network?.close();
    for (const tree of preopens) tree.close();
  }

  /** What one instance is given: its own view of what all of them have. */
  #instanceConfig(): ComponentConfig {
    const { plan: _plan, preopens = [], network, ...given } = this.#program;
    const common = { ...this.#parts.common, ...given, memoryBytesMax: this.#parts.share.bytesMax };
    if (preopens.length === 0 && network === undefined) return common;
    const budget = new DescriptorBudget(filesOpenMax);
    const views = preopens.map((tree) => tree.view(budget));
    return { ...common, preopens: views, ...(network && { network: network.view(budget) }) };
  }
}
