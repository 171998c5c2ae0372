import type { Message } from "#proto";
import { type Call, TtrpcClient } from "#ttrpc";

import type { TaskIdentity } from "../task.ts";
import type { ShimAddress } from "./shim-address.ts";

const NAMESPACE_KEY = "containerd-namespace-ttrpc";

/** One task's connection to the shim that runs it, as containerd would have one. */
export class ShimConnection {
  readonly #client: TtrpcClient;
  readonly #service: ShimAddress["service"];
  readonly #task: TaskIdentity;

  private constructor(client: TtrpcClient, service: ShimAddress["service"], task: TaskIdentity) {
    this.#client = client;
    this.#service = service;
    this.#task = task;
  }

  /** Throws a typed error where no shim listens. */
  static async open({ path, service }: ShimAddress, task: TaskIdentity): Promise<ShimConnection> {
    return new ShimConnection(await TtrpcClient.connect(path), service, task);
  }

  get isOpen(): boolean {
    return this.#client.isOpen;
  }

  /** Resolves when the shim, or `close`, has ended the connection. */
  get closed(): Promise<void> {
    return this.#client.closed;
  }

  /** Asks about the task on our own account. */
  async ask<Request, Response>(
    method: string,
    types: { readonly request: Message<Request>; readonly response: Message<Response> },
    request: Partial<Request>,
  ): Promise<Response> {
    return types.response.decode(await this.forward(method, types.request.encode(request)));
  }

  /**
   * Hands a call on, and its answer or its error back. Only waiting ends when the caller goes: of all else the shim
   * has to be heard out.
   */
  async forward(method: string, request: Uint8Array, call?: Call): Promise<Uint8Array> {
    const metadata = { ...Object.fromEntries(call?.metadata ?? []), [NAMESPACE_KEY]: this.#task.namespace };
    const signal = method === "Wait" ? call?.signal : undefined;
    const name = { service: this.#service, method };
    return this.#client.forward(name, request, { metadata, ...(signal === undefined ? {} : { signal }) });
  }

  /** Idempotent. */
  close(): void {
    this.#client.close();
  }
}
