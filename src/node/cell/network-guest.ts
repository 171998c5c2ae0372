import assert from "node:assert/strict";
import { inspect } from "node:util";

import { createP3Host, DescriptorBudget, type GuestNetwork, type Listener } from "#engine";

import type { NetworkOrder } from "../channel/index.ts";
import { openGuestSocket } from "../control/open-guest-socket.ts";
import { openNetwork } from "./granted-network.ts";
import { WantedSockets } from "./wanted-sockets.ts";

export interface Answer {
  readonly tag: "ok" | "err";
  readonly value?: unknown;
}

/** Descriptors that a guest of these tests may hold. */
export const guestSocketsMax = 8;

/** Every network of a guest is the same one. */
const network = {};

interface PlaceOfGuest {
  readonly listeners?: readonly Listener[];
  readonly nameServerPort?: number;
  readonly budget?: DescriptorBudget;
}

/** The network of this process by rules, with sockets that are opened by what control opens them with. */
export function openNetworkHere(
  rules: Partial<NetworkOrder>,
  { listeners = [], nameServerPort, budget = new DescriptorBudget(guestSocketsMax) }: PlaceOfGuest = {},
): GuestNetwork {
  const granted = { outbound: [], binds: [], resolvConf: "", hosts: "", ...rules };
  const sockets: WantedSockets = new WantedSockets(({ ask, socket }) => {
    try {
      sockets.give(ask, [openGuestSocket(socket, { grant: granted })]);
    } catch (error) {
      sockets.fail(ask, error instanceof Error && "code" in error ? String(error.code) : "EIO");
    }
  });
  const parts = { sockets, budget, ...(nameServerPort === undefined ? {} : { nameServerPort }) };
  return openNetwork({ number: 1, network: granted, listeners: [] }, listeners, parts);
}

/** A guest of WASI 0.2 or 0.3 with a network, for a test: calls by name, as a component makes them. */
export class NetworkGuest implements Disposable {
  /** As protocols of the host use it. */
  readonly network: GuestNetwork;
  readonly #host: ReturnType<typeof createP3Host>;

  constructor(rules: Partial<NetworkOrder> = {}, place: PlaceOfGuest = {}) {
    this.network = openNetworkHere(rules, place);
    const { listeners = [] } = place;
    this.#host = createP3Host({ onExit: () => new Error("exit"), network: this.network, listeners });
  }

  /** Where the name of the interface says no version, the one of WASI 0.2 is called. */
  async call(name: string, ...parameters: readonly unknown[]): Promise<unknown> {
    const [interfaceName = "", member = ""] = name.split("#");
    const version = interfaceName.includes("@") ? "" : "@0.2.12";
    const source = this.#host.imports.interfaces[`wasi:${interfaceName}${version}`]?.functions[member];
    assert.ok(source, `there is no "${name}"`);
    return Reflect.apply(typeof source === "function" ? source : source.suspending, undefined, parameters);
  }

  /** As a guest drops a handle. */
  drop(name: string, object: unknown): void {
    const [interfaceName = "", resource = ""] = name.split("#");
    const { drop } = this.#host.imports.interfaces[`wasi:${interfaceName}`]?.resources[resource] ?? {};
    assert.ok(drop, `there is no "${name}"`);
    Reflect.apply(drop, undefined, [object]);
  }

  /** The value of a call that must go well. */
  async value(name: string, ...parameters: readonly unknown[]): Promise<unknown> {
    const answer = answerOf(await this.call(name, ...parameters));
    assert.equal(answer.tag, "ok", `${name}: ${inspect(answer)}`);
    return answer.value;
  }

  /** Those of a call that answers with a tuple. */
  async values(name: string, ...parameters: readonly unknown[]): Promise<readonly unknown[]> {
    const value = await this.value(name, ...parameters);
    assert.ok(Array.isArray(value), name);
    return Array.from<unknown>(value);
  }

  async check(expected: unknown, name: string, ...parameters: readonly unknown[]): Promise<void> {
    assert.deepEqual(await this.call(name, ...parameters), expected, name);
  }

  tcp(family = "ipv4"): Promise<unknown> {
    return this.value("sockets/tcp-create-socket#create-tcp-socket", family);
  }

  udp(family = "ipv4"): Promise<unknown> {
    return this.value("sockets/udp-create-socket#create-udp-socket", family);
  }

  /** Begins `bind`, `connect` or `listen` of a socket, waits for it and answers what it came to: a code, or a value. */
  async finish(
    of: "tcp" | "udp",
    action: string,
    socket: unknown,
    ...parameters: readonly unknown[]
  ): Promise<unknown> {
    const methods = `sockets/${of}#[method]${of}-socket.`;
    const given = parameters.length > 0 ? [network, ...parameters] : [];
    const begun = answerOf(await this.call(`${methods}start-${action}`, socket, ...given));
    if (begun.tag === "err") return begun.value;
    await this.block(await this.call(`${methods}subscribe`, socket));
    return answerOf(await this.call(`${methods}finish-${action}`, socket)).value;
  }

  async block(pollable: unknown): Promise<void> {
    await this.call("io/poll#[method]pollable.block", pollable);
  }

  async write(output: unknown, text: string): Promise<void> {
    await this.value("io/streams#[method]output-stream.blocking-write-and-flush", output, Buffer.from(text));
  }

  /** Everything up to the end of a stream. */
  async readAll(input: unknown): Promise<string> {
    const chunks: Uint8Array[] = [];
    for (;;) {
      const answer = answerOf(await this.call("io/streams#[method]input-stream.blocking-read", input, 4_096n));
      if (answer.tag === "err") return Buffer.concat(chunks).toString();
      assert.ok(answer.value instanceof Uint8Array);
      chunks.push(answer.value);
    }
  }

  /** What a name was found to be, or the code of the failure. */
  async lookUp(name: string): Promise<unknown> {
    const begun = answerOf(await this.call("sockets/ip-name-lookup#resolve-addresses", network, name));
    if (begun.tag === "err") return begun.value;
    const methods = "sockets/ip-name-lookup#[method]resolve-address-stream.";
    await this.block(await this.call(`${methods}subscribe`, begun.value));
    const found: string[] = [];
    for (;;) {
      const next = answerOf(await this.call(`${methods}resolve-next-address`, begun.value));
      if (next.tag === "err") return next.value;
      if (next.value === undefined) return found;
      const { tag, value } = next.value as { readonly tag: string; readonly value: readonly number[] };
      found.push(value.map((part) => part.toString(tag === "ipv4" ? 10 : 16)).join(tag === "ipv4" ? "." : ":"));
    }
  }

  [Symbol.dispose](): void {
    this.#host.close();
  }
}

/** `127.0.0.1` with a port as WASI has it. */
export function ipv4(address: string, port: number) {
  return { tag: "ipv4", value: { port, address: address.split(".").map(Number) } };
}

/** An address of IPv6 by its words. */
export function ipv6(words: readonly number[], port: number) {
  return { tag: "ipv6", value: { port, "flow-info": 0, address: words, "scope-id": 0 } };
}

/** The port of an address that a call answered with. */
export function portOf(address: unknown): number {
  const { value } = address as { readonly value: { readonly port: number } };
  return value.port;
}

function answerOf(value: unknown): Answer {
  assert.ok(typeof value === "object" && value !== null && "tag" in value, inspect(value));
  return { tag: value.tag === "ok" ? "ok" : "err", value: "value" in value ? value.value : undefined };
}
