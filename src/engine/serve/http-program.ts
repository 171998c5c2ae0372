import type { ComponentPlan } from "../component/index.ts";
import { checkInterfaces } from "../guest/check-command.ts";
import { type ComponentConfig, ComponentInstance } from "../guest/component-instance.ts";
import type { HttpExchange, HttpRequest, InsideExchange, RequestHead, ResponseHead } from "../host/http/index.ts";
import { DescriptorBudget } from "../host/index.ts";
import { CommandInstance } from "./command-instance.ts";
import { HandlerInstance, type InstanceParts } from "./handler-instance.ts";
import type { InsideRequest } from "./inside-requests.ts";
import { InstanceShelf } from "./instance-shelf.ts";
import type { MemoryShare } from "./memory-share.ts";
import { MessageInstance } from "./message-instance.ts";
import type { RequestInstance } from "./request-instance.ts";

/** Descriptors that one instance may hold, as Linux' default soft limit for a process. */
const filesOpenMax = 1024;

/** A component that answers requests, and what its instances may use together; the service closes it. */
export interface HttpProgram extends Pick<
  ComponentConfig,
  "args" | "env" | "preopens" | "network" | "packages" | "grantsOf" | "trapsUnknownImports"
> {
  readonly plan: ComponentPlan;
  /** It is a command, of which each request gets an instance; otherwise it exports a handler. */
  readonly isCommand?: boolean;
  /** It is given messages, each to an instance of its own, and answers no requests. */
  readonly takesMessages?: boolean;
  /**
   * Which of its requests the service answers itself; undefined for those that go out. Throws an HttpFailure for what is
   * refused. Left out: all go out.
   */
  readonly chooseInside?: ChooseInside;
}

/** Chooses by the head of a request that an instance makes. */
export type ChooseInside = (head: RequestHead) => InsideRoute | undefined;

/** A request that the service answers itself, and by whom. */
export interface InsideRoute extends InsideRequest {
  readonly choose: ChooseProgram;
}

/** Which component answers a request, and the head that it is told. */
export interface HttpRouted {
  readonly program: HttpProgram;
  readonly request: RequestHead;
  /** How the request is put to a program that is a command. */
  readonly command?: CommandCall;
}

/** A request that a command answers: it reads the body and writes the answer. */
export interface CommandCall {
  /** What the command is given beside the body, which has so many bytes. Its environment is added to the program's. */
  readonly begin: (bodyBytes: number) => CommandWords;
  /** The answer that its output stands for. Throws a KwasmError where it stands for none. */
  readonly end: (output: Uint8Array) => { readonly head: ResponseHead; readonly body: Uint8Array };
}

export interface CommandWords {
  readonly args: readonly string[];
  readonly env: readonly (readonly [name: string, value: string])[];
}

/** Chooses for each request; undefined where the answer was given already. */
export type ChooseProgram = (exchange: HttpExchange) => HttpRouted | undefined;

/** What instances of all components of a service have in common; none of it is theirs to close. */
export type CommonConfig = Pick<
  ComponentConfig,
  "stdout" | "stderr" | "clocks" | "fillRandom" | "turn" | "thread" | "gate"
>;

interface ServiceParts {
  readonly common: CommonConfig;
  readonly share: MemoryShare;
  /** Requests that one instance answers, one after the other. */
  readonly reuse: number;
  /** Answers requests of instances that were chosen to be answered here; `cause` is the request that made them. */
  readonly answerInside: (route: InsideRoute, request: HttpRequest, cause: HttpExchange | undefined) => InsideExchange;
}

/** Makes instances of one component of a service. */
export class ProgramInstances {
  readonly #program: HttpProgram;
  readonly #parts: ServiceParts;
  readonly #shelf: InstanceShelf;

  constructor(program: HttpProgram, parts: ServiceParts) {
    this.#program = program;
    this.#parts = parts;
    const isSingle = program.isCommand === true || program.takesMessages === true;
    this.#shelf = new InstanceShelf(isSingle ? 1 : parts.reuse);
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
  take(): RequestInstance {
    return this.#shelf.take() ?? this.#make();
  }

  #make(): RequestInstance {
    const { share, answerInside } = this.#parts;
    const { chooseInside } = this.#program;
    const parts: InstanceParts = {
      whole: share,
      answerInside(request) {
        const route = chooseInside?.(request.head);
        return route === undefined ? undefined : answerInside(route, request, instance.exchange);
      },
    };
    const config = this.#instanceConfig();
    const instance = this.#instanceOf(config, parts);
    return instance;
  }

  #instanceOf(config: ComponentConfig, parts: InstanceParts): RequestInstance {
    if (this.#program.isCommand === true) return new CommandInstance(config, parts);
    return this.#program.takesMessages === true
      ? new MessageInstance(config, parts)
      : new HandlerInstance(config, parts);
  }

  /** Takes an instance back that has answered well. */
  put(instance: RequestInstance): void {
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
    const {
      plan: _plan,
      chooseInside: _inside,
      isCommand: _command,
      takesMessages: _messages,
      ...others
    } = this.#program;
    const { preopens = [], network, ...given } = others;
    const common = { ...this.#parts.common, ...given, memoryBytesMax: this.#parts.share.bytesMax };
    if (preopens.length === 0 && network === undefined) return common;
    const budget = new DescriptorBudget(filesOpenMax);
    const views = preopens.map((tree) => tree.view(budget));
    return { ...common, preopens: views, ...(network && { network: network.view(budget) }) };
  }
}
