import type { ComponentPlan, ExternName } from "../component/index.ts";
import { type ComponentConfig, ComponentInstance } from "../guest/component-instance.ts";
import type { GuestEnd } from "../guest/guest-end.ts";
import type { HttpExchange } from "../host/http/index.ts";
import type { InstanceParts } from "./handler-instance.ts";
import { type MemoryShare, Share, sharedWatch } from "./memory-share.ts";
import { MessageExchange } from "./message-exchange.ts";
import type { Handled, RequestInstance } from "./request-instance.ts";

/** What modules of Spin's first SDKs export, a function of its own. */
const oldHandler = "handle-redis-message";

/** Interfaces that messages of Redis are given to: wit/deps/spin@unversioned/inbound-redis.wit and spin-redis@3.0.0/redis.wit of Spin. */
const handlerPattern = /^(?:fermyon:spin\/inbound-redis|spin:redis\/inbound-redis@3\.\d+\.\d+)$/;

function findMessageHandler(exports: readonly ExternName[]): string | undefined {
  return exports.find(({ name }) => name === oldHandler || handlerPattern.test(name))?.name;
}

/** Whether these are the exports of a component that is given messages. */
export function exportsMessageHandler(exports: readonly ExternName[]): boolean {
  return findMessageHandler(exports) !== undefined;
}

/** An instance that is given one message. */
export class MessageInstance implements RequestInstance {
  readonly #instance: ComponentInstance;
  readonly #whole: MemoryShare;
  readonly #share: Share;
  #handler: string | undefined;
  #exchange: HttpExchange | undefined;
  requests = 0;

  constructor(config: ComponentConfig, { whole, answerInside }: InstanceParts) {
    const thread = sharedWatch(whole, config.thread, () => this.#share);
    this.#instance = new ComponentInstance({ ...config, answerInside, thread });
    this.#whole = whole;
    this.#share = new Share(this.#instance);
  }

  get exchange(): HttpExchange | undefined {
    return this.#exchange;
  }

  begin(plan: ComponentPlan): GuestEnd | undefined {
    this.#handler = findMessageHandler(plan.exports);
    try {
      this.#instance.instantiate(plan);
    } catch (thrown) {
      return this.#instance.endOf(thrown);
    } finally {
      this.#whole.add(this.#share, this.#instance.memoryBytes());
    }
    return undefined;
  }

  async handle(exchange: HttpExchange): Promise<Handled> {
    this.requests += 1;
    this.#exchange = exchange;
    if (this.#handler === undefined || !(exchange instanceof MessageExchange)) return "none";
    try {
      const answer = await this.#call(this.#handler, exchange.payload);
      const { tag } = Object(answer) as { readonly tag?: unknown };
      return tag === "ok" ? "response" : "failure";
    } catch (thrown) {
      return this.#instance.endOf(thrown);
    }
  }

  #call(handler: string, payload: Uint8Array): Promise<unknown> {
    if (handler === oldHandler) return this.#instance.call(handler, undefined, payload);
    return this.#instance.call("handle-message", handler, payload);
  }

  kill(reason: string): void {
    this.#instance.kill(reason);
  }

  close(): void {
    this.#instance.close();
    this.#whole.remove(this.#share);
  }
}
