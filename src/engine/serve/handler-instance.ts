import type { ComponentPlan } from "../component/index.ts";
import { type ComponentConfig, ComponentInstance } from "../guest/component-instance.ts";
import type { GuestEnd } from "../guest/guest-end.ts";
import {
  type AnswerInside,
  type Field,
  type HttpErrorCode,
  type HttpExchange,
  HttpFailure,
  type RequestHead,
  valueOf,
} from "../host/http/index.ts";
import { IncomingRequest, ResponseOutparam } from "../p2/http/index.ts";
import { Request, Response } from "../p3/http/index.ts";
import { findHandler, type HandlerExport } from "./exports-handler.ts";
import type { HttpRouted } from "./http-program.ts";
import { type MemoryShare, Share, sharedWatch } from "./memory-share.ts";
import type { Handled, RequestInstance } from "./request-instance.ts";
import { answerWithWhole, readWholeRequest } from "./whole-messages.ts";

/** How long a guest of WASI 0.3 may go on after all was answered, milliseconds: it may want to tidy up or to log. */
const afterwardsMsMax = 10_000;

/** What an instance has to do with the others of its service. */
export interface InstanceParts {
  /** Counts the memory of all instances. */
  readonly whole: MemoryShare;
  /** Answers its requests, those that do not go out. */
  readonly answerInside: AnswerInside;
}

/** An instance that answers requests, one after the other. */
export class HandlerInstance implements RequestInstance {
  readonly #instance: ComponentInstance;
  readonly #whole: MemoryShare;
  readonly #share: Share;
  #exchange: HttpExchange | undefined;
  #handler: HandlerExport | undefined;
  requests = 0;

  constructor(config: ComponentConfig, { whole, answerInside }: InstanceParts) {
    this.#whole = whole;
    const instance = new ComponentInstance({
      ...config,
      answerInside,
      traceFields: () => traceFieldsOf(this.#exchange),
      thread: sharedWatch(whole, config.thread, () => this.#share),
    });
    this.#instance = instance;
    this.#share = new Share(instance);
  }

  get exchange(): HttpExchange | undefined {
    return this.#exchange;
  }

  begin(plan: ComponentPlan): GuestEnd | undefined {
    const instance = this.#instance;
    this.#handler = findHandler(plan.exports);
    try {
      instance.instantiate(plan);
    } catch (thrown) {
      return instance.endOf(thrown);
    } finally {
      this.#whole.add(this.#share, instance.memoryBytes());
    }
    return undefined;
  }

  async handle(exchange: HttpExchange, { request: head }: HttpRouted): Promise<Handled> {
    this.requests += 1;
    this.#exchange = exchange;
    const handler = this.#handler;
    if (handler === undefined) return "none";
    try {
      if (handler.generation === "0.3") return await this.#handleP3(exchange, head, handler.name);
      if (handler.generation === "whole") return await this.#handleWhole(exchange, head, handler);
      return await this.#handleP2(exchange, head, handler.name);
    } catch (thrown) {
      return this.#instance.endOf(thrown);
    }
  }

  async #handleP2(exchange: HttpExchange, head: RequestHead, name: string): Promise<Handled> {
    const request = new IncomingRequest(head, exchange);
    const outparam = new ResponseOutparam(exchange);
    await this.#instance.call("handle", name, request, outparam);
    return outparam.answer;
  }

  /** The guest goes on while its body goes out, and for a while after that. */
  async #handleP3(exchange: HttpExchange, head: RequestHead, name: string): Promise<Handled> {
    const instance = this.#instance;
    const answer = await instance.call("handle", name, Request.received(head, exchange.content));
    const { tag, value } = Object(answer) as { readonly tag?: unknown; readonly value?: unknown };
    // What is no response is the error that the interface says.
    if (tag !== "ok" || !(value instanceof Response)) return (value as HttpErrorCode | undefined) ?? "none";
    try {
      await instance.untilEnd(value.answer(exchange));
    } catch (thrown) {
      if (thrown instanceof HttpFailure) return thrown.httpCode;
      throw thrown;
    }
    await withinTime(instance.whenDone(), afterwardsMsMax);
    return "response";
  }

  /** The handler sees nothing before all of the request is there. */
  async #handleWhole(exchange: HttpExchange, head: RequestHead, handler: HandlerExport): Promise<Handled> {
    const instance = this.#instance;
    const { name, isFunction } = handler;
    try {
      const request = await instance.untilEnd(readWholeRequest(exchange.content, head));
      if (request === undefined) {
        exchange.refuse(405, "the component does not know this method");
        return "response";
      }
      const response = isFunction
        ? await instance.call(name, undefined, request)
        : await instance.call("handle-request", name, request);
      await instance.untilEnd(answerWithWhole(exchange, response));
    } catch (thrown) {
      if (thrown instanceof HttpFailure) return thrown.httpCode;
      throw thrown;
    }
    return "response";
  }

  kill(reason: string): void {
    this.#instance.kill(reason);
  }

  close(): void {
    this.#instance.close();
    this.#whole.remove(this.#share);
  }
}

async function withinTime(work: Promise<void>, milliseconds: number): Promise<void> {
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(late.resolve, milliseconds);
  try {
    await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

const traceNames = ["traceparent", "tracestate"];

/** What says that requests made meanwhile belong to the trace of this one (W3C Trace Context). */
function traceFieldsOf(exchange: HttpExchange | undefined): readonly Field[] {
  const fields = exchange?.request.fields ?? [];
  return traceNames.flatMap((name): Field[] => {
    const value = valueOf(fields, name);
    return value === undefined ? [] : [[name, value]];
  });
}
