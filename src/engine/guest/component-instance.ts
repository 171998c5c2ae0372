import { KwasmError } from "#base";
import type { ComponentPlan, ComponentValue, HostImports, LinkedComponent } from "../component/index.ts";
import type { P2Config, P2Host } from "../p2/index.ts";
import { createP3Host } from "../p3/index.ts";
import { DescriptorBudget } from "../host/index.ts";
import { createP1Host, p1ModuleName } from "../p1/index.ts";
import type { GuestEnd } from "./guest-end.ts";
import type { GuestHost, GuestThread, ThreadWatch } from "./host-contract.ts";
import type { MemoryRefusal } from "./run-guest.ts";
import { functionNamesOf } from "./guest-stack.ts";
import { makeUncatchableError } from "./trap-error.ts";
import { describeTrap } from "./trap-kind.ts";
import { trapOfUnknown } from "./unknown-imports.ts";

/** Everything one instance of a component is given, except what the runner itself supplies. */
export interface ComponentConfig extends Omit<P2Config, "onExit" | "thread"> {
  readonly thread?: ThreadWatch;
  /** Links what is imported and not offered as functions that trap, instead of refusing the component. */
  readonly trapsUnknownImports?: boolean;
  /** Cap on its memories and tables; at most the one that the component was compiled with. */
  readonly memoryBytesMax: number;
  /** What a component that was composed with it has of all this, by its name. Left out: the same. */
  readonly grantsOf?: (part: string) => PartGrants;
}

/** What a part of a composed component is granted of what the whole has. Clocks, random bytes and streams are there for all. */
export interface PartGrants extends Pick<P2Config, "packages"> {
  /** Its variables and arguments. */
  readonly hasEnvironment: boolean;
  readonly hasFiles: boolean;
  /** Connections, and requests that are answered inside. */
  readonly hasNetwork: boolean;
}

/** Descriptors of WASI 0.1 in one instance, as Linux' default soft limit for a process. */
const descriptorsMax = 1024;

/** An end that is thrown through the guest: the very object tells it from every other error. */
interface Ending {
  readonly error: Error;
  readonly end: GuestEnd;
}

/** One instance of a component with its host: calls go in here, and whatever ends it is told as a `GuestEnd`. */
export class ComponentInstance {
  readonly #host: P2Host;
  /** Those of parts that were composed with it, each with grants of its own. */
  readonly #partHosts = new Map<string, P2Host>();
  readonly #createPart: ((name: string) => P2Host) | undefined;
  readonly #createP1: () => GuestHost;
  /** There where the guest was a core module and imports it. */
  #p1: GuestHost | undefined;
  readonly #thread: GuestThread | undefined;
  #memoryBytesMax: number;
  #instance: LinkedComponent | undefined;
  #exit: Ending | undefined;
  #kill: Ending | undefined;
  #over = false;
  #finalBytes = 0;
  #finalRefusal: MemoryRefusal | undefined;
  readonly #trapsUnknownImports: boolean;

  constructor({ thread, memoryBytesMax, trapsUnknownImports = false, grantsOf, ...config }: ComponentConfig) {
    this.#memoryBytesMax = memoryBytesMax;
    this.#trapsUnknownImports = trapsUnknownImports;
    this.#thread = thread && this.#tell(thread);
    const given = {
      ...config,
      onExit: (code: number) => this.#exitWith(code),
      ...(this.#thread && { thread: this.#thread }),
    };
    this.#host = createP3Host(given);
    if (grantsOf !== undefined) this.#createPart = (name) => createP3Host(partConfig(given, grantsOf(name)));
    this.#createP1 = () => createP1Host({ ...given, budget: new DescriptorBudget(descriptorsMax) });
  }

  /** Whether its host has an interface. */
  readonly offers = (name: string): boolean => this.#host.offers(name);

  /** Makes the instance; its start functions run in here. Throws what they throw. */
  instantiate(plan: ComponentPlan): void {
    this.#thread?.enter();
    try {
      const { imports, supervision } = this.#host;
      const given = { ...this.#importsOf(imports), ...this.#parts() };
      this.#instance = plan.instantiate(given, supervision, (name) => this.#coreModule(name));
      this.#instance.limitMemory(this.#memoryBytesMax);
    } finally {
      this.#thread?.leave();
    }
  }

  #importsOf(imports: HostImports): HostImports {
    return this.#trapsUnknownImports ? withUnknownTrapped(imports) : askedFor(imports);
  }

  #parts(): Pick<HostImports, "part"> {
    const create = this.#createPart;
    if (create === undefined) return {};
    return {
      part: (name) => {
        const host = this.#partHosts.get(name) ?? create(name);
        this.#partHosts.set(name, host);
        return this.#importsOf(host.imports);
      },
    };
  }

  /** Calls an exported function, of an interface or of the component itself. Throws what ended the guest. */
  async call(
    name: string,
    interfaceName: string | undefined,
    ...parameters: readonly ComponentValue[]
  ): Promise<ComponentValue> {
    return this.#instance?.find(name, interfaceName)?.call(...parameters);
  }

  /** What is answered, or what ended the guest before that. */
  async untilEnd<Value>(answer: Promise<Value>): Promise<Value> {
    return this.#instance === undefined ? answer : this.#instance.untilEnd(answer);
  }

  /** Resolves when calls have come to their ends, also what they do after they have returned. */
  async whenDone(): Promise<void> {
    await this.#instance?.whenDone();
  }

  /** How the guest ended, by what was thrown. */
  endOf(thrown: unknown): GuestEnd {
    if (this.#exit !== undefined && thrown === this.#exit.error) return this.#exit.end;
    if (this.#kill !== undefined && thrown === this.#kill.error) return this.#kill.end;
    const { trap, message: reason } = describeTrap(thrown);
    const message = [reason, ...functionNamesOf(thrown)].join("\n");
    const refusal = this.memoryRefused();
    if (refusal === undefined) return { kind: "trap", trap, message, frames: [] };
    return { kind: "out-of-memory", ...refusal, message, frames: [] };
  }

  /** Ends the guest as soon as it is not computing. */
  kill(reason: string): void {
    if (this.#over || this.#kill !== undefined) return;
    const error = makeUncatchableError(`the guest was killed: ${reason}`);
    this.#kill = { error, end: { kind: "killed", reason } };
    for (const host of [this.#host, ...this.#partHosts.values()]) host.abort(error);
    this.#p1?.abort(error);
    // A guest may wait for nothing but itself.
    this.#instance?.abort(error);
  }

  memoryBytes(): number {
    return this.#over ? this.#finalBytes : (this.#instance?.memoryBytes() ?? 0);
  }

  limitMemory(memoryBytesMax: number): void {
    this.#memoryBytesMax = memoryBytesMax;
    this.#instance?.limitMemory(memoryBytesMax);
  }

  memoryRefused(): MemoryRefusal | undefined {
    if (this.#over) return this.#finalRefusal;
    const askedBytes = this.#instance?.refusedBytes();
    return askedBytes === undefined ? undefined : { askedBytes, limitBytes: this.#memoryBytesMax };
  }

  /**
   * Closes what it was given; nothing of it runs any more. The memory of a killed guest is not used again: whatever a
   * host call had begun may still come to an end.
   */
  close(): void {
    if (this.#over) return;
    this.#finalBytes = this.memoryBytes();
    this.#finalRefusal = this.memoryRefused();
    this.#over = true;
    try {
      this.#p1?.close();
      for (const host of [...this.#partHosts.values(), this.#host]) host.close();
      if (this.#kill === undefined) this.#instance?.release();
    } finally {
      this.#instance = undefined;
    }
  }

  /** WASI 0.1 over the same descriptors. */
  #coreModule(name: string): GuestHost | undefined {
    return name === p1ModuleName ? (this.#p1 ??= this.#createP1()) : undefined;
  }

  /** A component has one line of execution at a time: who is in does not come in again. */
  #tell(watch: ThreadWatch): GuestThread {
    let isIn = false;
    return {
      enter() {
        if (!isIn) watch.enter();
        isIn = true;
      },
      leave: () => {
        if (isIn) watch.leave(this.memoryBytes());
        isIn = false;
      },
      yield: () => {
        if (isIn) watch.yield(this.memoryBytes());
      },
    };
  }

  #exitWith(code: number): Error {
    const error = makeUncatchableError(`the guest exited with code ${code}`);
    this.#exit = { error, end: { kind: "exit", code } };
    return error;
  }
}

/** What the host of a part is made of: nothing that was not granted. */
function partConfig(whole: P2Config, { hasEnvironment, hasFiles, hasNetwork, packages }: PartGrants): P2Config {
  const { args, env, preopens, network, answerInside, packages: _packages, ...common } = whole;
  return {
    ...common,
    ...(hasEnvironment && args && { args }),
    ...(hasEnvironment && env && { env }),
    ...(hasFiles && preopens && { preopens }),
    ...(hasNetwork && network && { network }),
    ...(hasNetwork && answerInside && { answerInside }),
    ...(packages && { packages }),
  };
}

/** The same imports, with functions that trap in the places of those that nobody offers. */
function withUnknownTrapped(imports: HostImports): HostImports {
  return { ...askedFor(imports), unknown: trapOfUnknown };
}

/** Where imports can be asked for by name, all of them are not: that would make them all, for each instance. */
function askedFor(imports: HostImports): HostImports {
  const { beforeCall, functions, find } = imports;
  return {
    interfaces: find === undefined ? imports.interfaces : {},
    ...(find && { find: (name: string) => imports.find?.(name) }),
    ...(beforeCall && { beforeCall }),
    ...(functions && { functions }),
  };
}

/** Whether an error says that a guest could not be started, and not how it ended. */
export function isRefusal(thrown: unknown): thrown is KwasmError {
  return thrown instanceof KwasmError;
}
