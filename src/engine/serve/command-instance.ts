import { KwasmError } from "#base";
import type { ComponentPlan } from "../component/index.ts";
import { findCommand, startName } from "../guest/check-command.ts";
import { type ComponentConfig, ComponentInstance } from "../guest/component-instance.ts";
import type { GuestEnd } from "../guest/guest-end.ts";
import { discardedOutput, inputFromBytes, type OutputStream } from "../host/index.ts";
import { type HttpExchange, HttpFailure, readWhole, wholeBodyBytesMax } from "../host/http/index.ts";
import type { HttpRouted } from "./http-program.ts";
import { Share, sharedWatch } from "./memory-share.ts";
import type { InstanceParts } from "./handler-instance.ts";
import type { Handled, RequestInstance } from "./request-instance.ts";
import { answerBytes } from "./whole-messages.ts";

/** Bytes that a command may write for one request; all of them are kept until it has ended. */
const commandOutputBytesMax = wholeBodyBytesMax;

/** A command that answers one request: it reads the body from its standard input and writes the answer. */
export class CommandInstance implements RequestInstance {
  readonly #config: ComponentConfig;
  readonly #parts: InstanceParts;
  readonly #killed = Promise.withResolvers<GuestEnd>();
  #plan: ComponentPlan | undefined;
  #instance: ComponentInstance | undefined;
  #share: Share | undefined;
  #exchange: HttpExchange | undefined;
  requests = 0;

  constructor(config: ComponentConfig, parts: InstanceParts) {
    this.#config = config;
    this.#parts = parts;
  }

  get exchange(): HttpExchange | undefined {
    return this.#exchange;
  }

  /** Made when the request is there whole: its arguments and its environment are of the request. */
  begin(plan: ComponentPlan): undefined {
    this.#plan = plan;
  }

  async handle(exchange: HttpExchange, { command }: HttpRouted): Promise<Handled> {
    this.requests += 1;
    this.#exchange = exchange;
    if (command === undefined || this.#plan === undefined) return "none";
    try {
      const body = await Promise.race([readWhole(exchange.content, "HTTP-request-body-size"), this.#killed.promise]);
      if (!(body instanceof Uint8Array)) return body;
      const output = new CollectedOutput(() => this.kill("its answer is too large"));
      const end = await this.#run(this.#plan, { ...command.begin(body.length), body, output });
      if (output.isTooLarge) throw tooLarge();
      if (end.kind !== "exit" || end.code !== 0) return end;
      const { head, body: answer } = command.end(output.bytes());
      await answerBytes(exchange, head, answer);
      return "response";
    } catch (thrown) {
      if (thrown instanceof HttpFailure) return thrown.httpCode;
      throw thrown;
    }
  }

  kill(reason: string): void {
    this.#killed.resolve({ kind: "killed", reason });
    this.#instance?.kill(reason);
  }

  close(): void {
    this.#instance?.close();
    if (this.#share !== undefined) this.#parts.whole.remove(this.#share);
  }

  async #run(plan: ComponentPlan, given: CommandInput): Promise<GuestEnd> {
    const { whole, answerInside } = this.#parts;
    const { body, output, args, env } = given;
    const instance: ComponentInstance = new ComponentInstance({
      ...this.#config,
      args,
      env: [...new Map([...(this.#config.env ?? []), ...env])],
      stdin: inputFromBytes(body),
      stdout: output,
      answerInside,
      thread: sharedWatch(whole, this.#config.thread, () => share),
    });
    const share = new Share(instance);
    this.#instance = instance;
    this.#share = share;
    try {
      try {
        instance.instantiate(plan);
      } finally {
        whole.add(share, instance.memoryBytes());
      }
      // What a component's command answers is told to nobody: its output is.
      const command = findCommand(plan.exports);
      await (command === undefined ? instance.call(startName, undefined) : instance.call("run", command));
      return { kind: "exit", code: 0 };
    } catch (thrown) {
      return instance.endOf(thrown);
    }
  }
}

interface CommandInput {
  readonly args: readonly string[];
  readonly env: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array;
  readonly output: OutputStream;
}

/** Keeps what is written, up to the limit. */
class CollectedOutput implements OutputStream {
  readonly isTerminal = false;
  readonly writable = discardedOutput.writable;
  readonly #chunks: Uint8Array[] = [];
  readonly #onTooLarge: () => void;
  #size = 0;

  constructor(onTooLarge: () => void) {
    this.#onTooLarge = onTooLarge;
  }

  get isTooLarge(): boolean {
    return this.#size > commandOutputBytesMax;
  }

  capacity(): number {
    return discardedOutput.capacity();
  }

  write(bytes: Uint8Array): void {
    this.#size += bytes.length;
    if (this.isTooLarge) this.#onTooLarge();
    else this.#chunks.push(bytes);
  }

  flush(): undefined {
    return undefined;
  }

  close(): void {
    // Whoever collects it reads it after that.
  }

  bytes(): Uint8Array {
    return Buffer.concat(this.#chunks);
  }
}

function tooLarge(): KwasmError {
  return new KwasmError(
    "limit-exceeded",
    `answer a request by a command: it wrote more than "${commandOutputBytesMax}" bytes`,
  );
}
