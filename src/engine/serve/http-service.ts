import type { Socket } from "node:net";
import { Bag, KwasmError } from "#base";
import type { ComponentPlan } from "../component/index.ts";
import type { ComponentConfig } from "../guest/component-instance.ts";
import type { GuestEnd } from "../guest/guest-end.ts";
import type { Guest, MemoryRefusal } from "../guest/run-guest.ts";
import {
  type HttpConnection,
  type HttpExchange,
  type HttpRequest,
  type InsideExchange,
  speakHttp,
  valueOf,
} from "../host/http/index.ts";
import { type DatagramSocket, discardedOutput, type Listener, type OutputStream } from "../host/index.ts";
import { Admission } from "./admission.ts";
import {
  type ChooseProgram,
  type CommonConfig,
  type HttpProgram,
  type HttpRouted,
  type InsideRoute,
  ProgramInstances,
} from "./http-program.ts";
import { InsideRequests } from "./inside-requests.ts";
import { Messages, type MessageSource } from "./messages.ts";
import { MemoryShare } from "./memory-share.ts";
import type { Handled } from "./request-instance.ts";
import { RunningRequest, statusOfFailure } from "./running-request.ts";
import { ServiceLog } from "./service-log.ts";
import type { HttpServiceOptions } from "./service-options.ts";

/** Connections of one service at a time; one more is reset. */
const connectionsMax = 16_384;

/** What a service is given besides its components; all of it is closed with the service. */
export interface HttpServiceConfig extends CommonConfig, Pick<ComponentConfig, "stdin" | "listeners"> {
  /** Cap of all instances' memory together. */
  readonly memoryBytesMax: number;
  readonly http: HttpServiceOptions;
}

/** What a service of several components is given. */
export interface RoutesConfig extends HttpServiceConfig {
  readonly sources?: readonly MessageSource[];
}

/** Everything a service of one component is given. What instances may use is theirs together. */
export interface ComponentServiceConfig extends HttpServiceConfig, Omit<HttpProgram, "plan"> {}

/**
 * Answers HTTP requests on the listeners of `config` by a component that exports a handler: an instance for each
 * request, or for so many. Rejects where the component lacks an import.
 */
export async function serveComponent(plan: ComponentPlan, config: ComponentServiceConfig): Promise<Guest> {
  const { args, env, preopens, network, packages, ...common } = config;
  const program = {
    plan,
    ...(args && { args }),
    ...(env && { env }),
    ...(preopens && { preopens }),
    ...(network && { network }),
    ...(packages && { packages }),
  };
  return serveRoutes([program], ({ request }) => ({ program, request }), common);
}

/**
 * The same with several components, of which each request goes to the one that `choose` says, and each message of
 * `sources` to its own. With such sources there need be no listener.
 */
export async function serveRoutes(
  programs: readonly HttpProgram[],
  choose: ChooseProgram,
  config: RoutesConfig,
): Promise<Guest> {
  const service = new HttpService(programs, choose, config);
  service.start();
  return service;
}

class HttpService implements Guest {
  readonly #config: RoutesConfig;
  readonly #choose: ChooseProgram;
  readonly #programs: ReadonlyMap<HttpProgram, ProgramInstances>;
  readonly #log: ServiceLog;
  readonly #share: MemoryShare;
  readonly #admission: Admission;
  readonly #ended = Promise.withResolvers<GuestEnd>();
  readonly #connections = new Set<HttpConnection>();
  readonly #running = new Bag<RunningRequest>();
  readonly #inside = new InsideRequests();
  readonly #messages: Messages;
  #end: GuestEnd | undefined;
  #isOver = false;
  #refusal: MemoryRefusal | undefined;
  #drainTimer: NodeJS.Timeout | undefined;

  constructor(programs: readonly HttpProgram[], choose: ChooseProgram, config: RoutesConfig) {
    const { http, memoryBytesMax, sources = [], stderr = discardedOutput } = config;
    const share = new MemoryShare(memoryBytesMax);
    const parts = {
      common: commonConfig(config),
      share,
      reuse: http.reuse,
      answerInside: this.#answerInside.bind(this),
    };
    this.#config = config;
    this.#choose = choose;
    this.#programs = new Map(programs.map((program) => [program, new ProgramInstances(program, parts)]));
    this.#log = new ServiceLog(stderr);
    this.#share = share;
    this.#admission = new Admission({ ...http, hasRoom: () => share.hasRoom });
    this.#messages = new Messages({
      sources,
      admission: this.#admission,
      log: this.#log,
      serve: this.#serve.bind(this),
      onOver: this.#endIfDrained.bind(this),
    });
  }

  get ended(): Promise<GuestEnd> {
    return this.#ended.promise;
  }

  start(): void {
    try {
      for (const instances of this.#programs.values()) instances.check();
      const listeners = this.#listeners();
      if (listeners.length === 0 && (this.#config.sources ?? []).length === 0) throw noListener();
      for (const listener of listeners) listener.serve((socket) => this.#connect(socket));
      this.#messages.start();
    } catch (error) {
      this.#closeGrants();
      throw error;
    }
  }

  /** SIGTERM lets running requests end and takes no more; anything else ends all at once. */
  kill(reason: string): void {
    if (this.#isOver) return;
    if (reason === "SIGTERM" && this.#end === undefined) this.#drain();
    else if (reason !== "SIGTERM") this.#stop({ kind: "killed", reason });
  }

  memoryBytes(): number {
    return this.#share.bytes;
  }

  limitMemory(memoryBytesMax: number): void {
    this.#share.limit(memoryBytesMax);
  }

  memoryRefused(): MemoryRefusal | undefined {
    return this.#refusal;
  }

  #listeners(): readonly Listener[] {
    return (this.#config.listeners ?? []).filter(isStreamListener);
  }

  #connect(socket: Socket): void {
    if (this.#connections.size >= connectionsMax) {
      socket.resetAndDestroy();
      return;
    }
    const { bodyBytesMax } = this.#config.http;
    const connection = speakHttp(socket, { bodyBytesMax, onExchange: (exchange) => this.#receive(exchange) });
    this.#connections.add(connection);
    socket.once("close", () => {
      this.#connections.delete(connection);
      this.#endIfDrained();
    });
  }

  #receive(exchange: HttpExchange): void {
    const { logsAccess, bodyBytesMax } = this.#config.http;
    if (logsAccess) this.#logAccess(exchange);
    if (Number(valueOf(exchange.request.fields, "content-length") ?? 0) > bodyBytesMax) {
      exchange.refuse(413, "the body is larger than this server takes", [["connection", "close"]]);
      return;
    }
    const routed = this.#choose(exchange);
    if (routed === undefined) return;
    const giveUp = this.#admission.enter(() => void this.#serveAdmitted(exchange, routed));
    if (giveUp === undefined) exchange.refuse(503, "too many requests are waiting", [["retry-after", "1"]]);
    else exchange.onAbandoned(giveUp);
  }

  #logAccess(exchange: HttpExchange): void {
    const startedMs = performance.now();
    exchange.onOver(() => this.#log.access(exchange, performance.now() - startedMs));
  }

  async #serveAdmitted(exchange: HttpExchange, routed: HttpRouted): Promise<void> {
    try {
      await this.#serve(exchange, routed);
    } finally {
      this.#admission.leave();
      this.#endIfDrained();
    }
  }

  /** Answers a request of a guest, in a turn of the event loop of its own: the guest that asks is on the stack now. */
  #answerInside(route: InsideRoute, request: HttpRequest, cause: HttpExchange | undefined): InsideExchange {
    const { bodyBytesMax, logsAccess } = this.#config.http;
    const exchange = this.#inside.open(request, route, { cause, bodyBytesMax });
    if (logsAccess) this.#logAccess(exchange);
    exchange.onOver(() => this.#endIfDrained());
    setImmediate(() => {
      const routed = exchange.isOver ? undefined : route.choose(exchange);
      if (routed !== undefined) void this.#serve(exchange, routed);
    });
    return exchange;
  }

  async #serve(exchange: HttpExchange, routed: HttpRouted): Promise<void> {
    try {
      const { gate } = this.#config;
      if (gate?.isClosed === true) await gate.whenOpen();
      if (!exchange.isOver) await this.#answer(exchange, routed);
    } catch (error) {
      this.#log.failure(exchange, KwasmError.from(error, "answer a request").message);
      exchange.refuse(500, "the request failed");
    }
  }

  async #answer(exchange: HttpExchange, routed: HttpRouted): Promise<void> {
    const instances = this.#programs.get(routed.program);
    if (instances === undefined) throw new KwasmError("internal", "answer a request by a component that is not served");
    const instance = instances.take();
    if (instance.requests === 0) {
      const end = instance.begin(instances.plan);
      if (end !== undefined) {
        instance.close();
        this.#settle(exchange, end);
        return;
      }
    }
    const request = new RunningRequest(exchange, routed, { instance, answerMsMax: this.#config.http.answerMsMax });
    this.#running.add(request);
    let handled: Handled | undefined;
    try {
      handled = await request.run();
    } finally {
      this.#running.delete(request);
      // Whatever was thrown, nobody uses it any more.
      if (handled === undefined) instance.close();
    }
    if (request.interruption === "late") exchange.refuse(504, "the request was not answered in time");
    else if (request.interruption === undefined) this.#settle(exchange, handled);
    else exchange.refuse(503, "the service ends");
    const isSound = request.interruption === undefined && (typeof handled === "string" || "tag" in handled);
    if (isSound) instances.put(instance);
    else instance.close();
  }

  /** Answers for a guest that did not, and logs why. A client is never told more than that. */
  #settle(exchange: HttpExchange, handled: Handled): void {
    if (handled === "response") {
      exchange.endContent();
      return;
    }
    if (handled === "none") {
      this.#log.failure(exchange, "the guest returned without a response");
      exchange.refuse(500, "the request failed");
    } else if (handled === "failure") {
      this.#log.failure(exchange, "the guest answered with an error");
    } else if ("tag" in handled) {
      this.#log.failure(exchange, `the guest answered with the error "${handled.tag}"`);
      exchange.refuse(statusOfFailure(handled), "the request failed");
    } else {
      this.#settleEnd(exchange, handled);
    }
  }

  #settleEnd(exchange: HttpExchange, end: GuestEnd): void {
    if (end.kind === "out-of-memory") this.#refusal = end;
    if (end.kind === "exit") this.#log.failure(exchange, `the guest exited with code "${end.code}"`);
    else this.#log.failure(exchange, end.kind === "killed" ? `the guest was killed: ${end.reason}` : end.message);
    exchange.refuse(500, "the request failed");
  }

  #drain(): void {
    this.#end = { kind: "exit", code: 0 };
    for (const listener of this.#listeners()) listener.close();
    for (const connection of this.#connections) connection.finish();
    this.#messages.stop();
    this.#drainTimer = setTimeout(
      () => this.#stop({ kind: "killed", reason: "SIGTERM" }),
      this.#config.http.drainMsMax,
    );
    this.#endIfDrained();
  }

  #stop(end: GuestEnd): void {
    this.#end = end;
    this.#messages.cut();
    for (const request of this.#running) request.interrupt("stopped");
    for (const connection of this.#connections) connection.destroy();
    this.#finish(end);
  }

  #endIfDrained(): void {
    if (this.#end === undefined || this.#connections.size > 0) return;
    if (this.#admission.running > 0 || this.#inside.running > 0 || this.#messages.open > 0) return;
    this.#finish(this.#end);
  }

  #finish(end: GuestEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#drainTimer);
    for (const instances of this.#programs.values()) instances.closeShelf();
    this.#closeGrants();
    this.#ended.resolve(end);
  }

  #closeGrants(): void {
    for (const instances of this.#programs.values()) instances.closeGrants();
    const { stdin, stdout, stderr, listeners = [] } = this.#config;
    for (const handle of [stdin, stdout, stderr, ...listeners]) handle?.close();
  }
}

function commonConfig({ stdout, stderr, clocks, fillRandom, turn, thread, gate }: HttpServiceConfig): CommonConfig {
  return {
    ...(stdout && { stdout: unclosed(stdout) }),
    ...(stderr && { stderr: unclosed(stderr) }),
    ...(clocks && { clocks }),
    ...(fillRandom && { fillRandom }),
    ...(turn && { turn }),
    ...(thread && { thread }),
    ...(gate && { gate }),
  };
}

/** A stream that all instances write to; the service closes it. */
function unclosed(stream: OutputStream): OutputStream {
  return {
    isTerminal: stream.isTerminal,
    writable: stream.writable,
    capacity: () => stream.capacity(),
    write: (bytes) => stream.write(bytes),
    flush: () => stream.flush(),
    close: () => undefined,
  };
}

function isStreamListener(listener: Listener | DatagramSocket): listener is Listener {
  return "serve" in listener;
}

function noListener(): KwasmError {
  return new KwasmError(
    "failed-precondition",
    'starting a component that answers HTTP requests: it has no port to answer on; run it by "kwasm serve", or give its container a port',
  );
}
