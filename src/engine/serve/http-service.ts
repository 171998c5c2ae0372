import type { Socket } from "node:net";
import { Bag, KwasmError } from "#base";
import type { ComponentPlan } from "../component/index.ts";
import { checkInterfaces } from "../guest/check-command.ts";
import { type ComponentConfig, ComponentInstance } from "../guest/component-instance.ts";
import type { GuestEnd } from "../guest/guest-end.ts";
import type { Guest, MemoryRefusal } from "../guest/run-guest.ts";
import { type HttpConnection, type HttpExchange, speakHttp, valueOf } from "../host/http/index.ts";
import {
  type DatagramSocket,
  DescriptorBudget,
  discardedOutput,
  type Listener,
  type OutputStream,
} from "../host/index.ts";
import { Admission } from "./admission.ts";
import { type Handled, HandlerInstance } from "./handler-instance.ts";
import { InstanceShelf } from "./instance-shelf.ts";
import { MemoryShare } from "./memory-share.ts";
import { RunningRequest, statusOfFailure } from "./running-request.ts";
import { ServiceLog } from "./service-log.ts";
import type { HttpServiceOptions } from "./service-options.ts";

/** Descriptors that one instance may hold, as Linux' default soft limit for a process. */
const filesOpenMax = 1024;

/** Connections of one service at a time; one more is reset. */
const connectionsMax = 16_384;

/** Everything a service is given. What instances may use is theirs together; it is closed with the service. */
export interface HttpServiceConfig extends ComponentConfig {
  readonly http: HttpServiceOptions;
}

/**
 * Answers HTTP requests on the listeners of `config` by a component that exports a handler: an instance for each
 * request, or for so many. Rejects where the component lacks an import.
 */
export async function serveComponent(plan: ComponentPlan, config: HttpServiceConfig): Promise<Guest> {
  const service = new HttpService(plan, config);
  service.start();
  return service;
}

class HttpService implements Guest {
  readonly #plan: ComponentPlan;
  readonly #config: HttpServiceConfig;
  /** What instances have in common; none of it is theirs to close. */
  readonly #common: Omit<ComponentConfig, "memoryBytesMax">;
  readonly #log: ServiceLog;
  readonly #share: MemoryShare;
  readonly #shelf: InstanceShelf;
  readonly #admission: Admission;
  readonly #ended = Promise.withResolvers<GuestEnd>();
  readonly #connections = new Set<HttpConnection>();
  readonly #running = new Bag<RunningRequest>();
  #end: GuestEnd | undefined;
  #isOver = false;
  #refusal: MemoryRefusal | undefined;
  #drainTimer: NodeJS.Timeout | undefined;

  constructor(plan: ComponentPlan, config: HttpServiceConfig) {
    const { http, memoryBytesMax, stderr = discardedOutput } = config;
    this.#plan = plan;
    this.#config = config;
    this.#common = commonConfig(config);
    this.#log = new ServiceLog(stderr);
    this.#share = new MemoryShare(memoryBytesMax);
    this.#shelf = new InstanceShelf(http.reuse);
    this.#admission = new Admission({ ...http, hasRoom: () => this.#share.hasRoom });
  }

  get ended(): Promise<GuestEnd> {
    return this.#ended.promise;
  }

  start(): void {
    try {
      const probe = new ComponentInstance(this.#instanceConfig());
      checkInterfaces(this.#plan, probe.offers);
      probe.close();
      const listeners = this.#listeners();
      if (listeners.length === 0) throw noListener();
      for (const listener of listeners) listener.serve((socket) => this.#connect(socket));
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
    const giveUp = this.#admission.enter(() => void this.#serve(exchange));
    if (giveUp === undefined) exchange.refuse(503, "too many requests are waiting", [["retry-after", "1"]]);
    else exchange.onAbandoned(giveUp);
  }

  #logAccess(exchange: HttpExchange): void {
    const startedMs = performance.now();
    exchange.onOver(() => this.#log.access(exchange, performance.now() - startedMs));
  }

  async #serve(exchange: HttpExchange): Promise<void> {
    try {
      const { gate } = this.#config;
      if (gate?.isClosed === true) await gate.whenOpen();
      if (!exchange.isOver) await this.#answer(exchange);
    } catch (error) {
      this.#log.failure(exchange, KwasmError.from(error, "answer a request").message);
      exchange.refuse(500, "the request failed");
    } finally {
      this.#admission.leave();
      this.#endIfDrained();
    }
  }

  async #answer(exchange: HttpExchange): Promise<void> {
    const instance = this.#shelf.take() ?? new HandlerInstance(this.#instanceConfig(), this.#share);
    if (instance.requests === 0) {
      const end = instance.begin(this.#plan);
      if (end !== undefined) {
        instance.close();
        this.#settle(exchange, end);
        return;
      }
    }
    const request = new RunningRequest(exchange, instance, this.#config.http.answerMsMax);
    this.#running.add(request);
    const handled = await request.run();
    this.#running.delete(request);
    if (request.interruption === "late") exchange.refuse(504, "the request was not answered in time");
    else if (request.interruption === undefined) this.#settle(exchange, handled);
    else exchange.refuse(503, "the service ends");
    const isSound = request.interruption === undefined && (typeof handled === "string" || "tag" in handled);
    if (isSound) this.#shelf.put(instance);
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

  /** What one instance is given: its own view of what all of them have. */
  #instanceConfig(): ComponentConfig {
    const { preopens = [], network } = this.#config;
    const memoryBytesMax = this.#share.bytesMax;
    if (preopens.length === 0 && network === undefined) return { ...this.#common, memoryBytesMax };
    const budget = new DescriptorBudget(filesOpenMax);
    const views = preopens.map((tree) => tree.view(budget));
    return {
      ...this.#common,
      memoryBytesMax,
      preopens: views,
      ...(network && { network: network.view(budget) }),
    };
  }

  #drain(): void {
    this.#end = { kind: "exit", code: 0 };
    for (const listener of this.#listeners()) listener.close();
    for (const connection of this.#connections) connection.finish();
    this.#drainTimer = setTimeout(
      () => this.#stop({ kind: "killed", reason: "SIGTERM" }),
      this.#config.http.drainMsMax,
    );
    this.#endIfDrained();
  }

  #stop(end: GuestEnd): void {
    this.#end = end;
    for (const request of this.#running) request.interrupt("stopped");
    for (const connection of this.#connections) connection.destroy();
    this.#finish(end);
  }

  #endIfDrained(): void {
    if (this.#end === undefined || this.#connections.size > 0 || this.#admission.running > 0) return;
    this.#finish(this.#end);
  }

  #finish(end: GuestEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#drainTimer);
    this.#shelf.close();
    this.#closeGrants();
    this.#ended.resolve(end);
  }

  #closeGrants(): void {
    const { stdin, stdout, stderr, preopens = [], listeners = [], network } = this.#config;
    network?.close();
    for (const handle of [stdin, stdout, stderr, ...preopens, ...listeners]) handle?.close();
  }
}

function commonConfig(config: HttpServiceConfig): Omit<ComponentConfig, "memoryBytesMax"> {
  const { args, env, stdout, stderr, clocks, fillRandom, turn, thread, gate } = config;
  return {
    ...(args && { args }),
    ...(env && { env }),
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
    'starting a component that exports "wasi:http/incoming-handler": it has no port to answer on; run it by "kwasm serve", or give its container a port',
  );
}
