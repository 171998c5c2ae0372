import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import {
  CancellableAnswer,
  formatIpAddress,
  GuestNetwork,
  HostError,
  type HostInterface,
  type NetworkAccess,
  parseNetworkRules,
} from "#engine";
import type { ComponentFacts, StorageSpec } from "#spin";
import { Stores } from "../storage/stores.ts";
import { spinPackages } from "./index.ts";

const facts: ComponentFacts = {
  id: "c",
  executor: { kind: "http" },
  environment: [],
  outbound: [],
  selfSchemes: [],
  variables: [["greeting", "hi"]],
  keyValueStores: ["default"],
  sqliteDatabases: ["default"],
  dependencies: [],
};

/** The interfaces of one component, whose functions are called by name as a component calls them. */
export class ComponentOfTest implements Disposable {
  readonly #stores: Stores;
  readonly #interfaces: Readonly<Record<string, HostInterface>>;
  readonly #close: () => void;

  constructor(changes: Partial<ComponentFacts> = {}, storage: StorageSpec = {}) {
    const own = { ...facts, ...changes };
    this.#stores = new Stores(storage, networkOf(storage.outbound ?? []));
    const network = networkOf(own.outbound);
    const tools = {
      waiting: (call: (...parameters: never[]) => unknown) => ({ suspending: call }),
      network,
      sendWhole: () => Promise.reject(new Error("nothing is sent here")),
    };
    const { versions, close } = spinPackages(own, this.#stores, tools);
    const entries = versions.flatMap(({ compatibleAs, packages }) =>
      Object.entries(packages).flatMap(([name, make]) =>
        // None of them reads what WASI is made of.
        Object.entries(make(undefined as never)).map(([member, made]) => {
          const version = compatibleAs === "" ? "" : `@${compatibleAs}`;
          return [`${name.replace(/\/.*/u, "")}/${member}${version}`, made] as const;
        }),
      ),
    );
    this.#interfaces = Object.fromEntries(entries);
    this.#close = close;
  }

  async call(name: string, ...parameters: readonly unknown[]): Promise<unknown> {
    const [interfaceName = "", member = ""] = name.split("#");
    const found = this.#interfaces[interfaceName]?.functions[member];
    assert.ok(found, `there is no "${name}"`);
    const answer: unknown = Reflect.apply(
      typeof found === "function" ? found : found.suspending,
      undefined,
      parameters,
    );
    return answer instanceof CancellableAnswer ? answer.answer : answer;
  }

  /** The value of a call that must go well. */
  async value(name: string, ...parameters: readonly unknown[]): Promise<unknown> {
    const { tag, value } = (await this.call(name, ...parameters)) as { readonly tag: string; readonly value?: unknown };
    assert.equal(tag, "ok", name);
    return value;
  }

  async check(expected: unknown, name: string, ...parameters: readonly unknown[]): Promise<void> {
    const answer = await this.call(name, ...parameters);
    assert.deepEqual(answer, expected, name);
  }

  drop(interfaceName: string, resource: string, object: unknown): void {
    const drop = this.#interfaces[interfaceName]?.resources[resource]?.drop;
    assert.ok(drop);
    Reflect.apply(drop, undefined, [object]);
  }

  [Symbol.dispose](): void {
    this.#close();
    this.#stores.close();
  }
}

/** The machine's own network, without any names. */
const access: NetworkAccess = {
  async connect({ address, port }, signal) {
    const socket = connect({ host: formatIpAddress(address), port, allowHalfOpen: true });
    const giveUp = (): void => void socket.destroy(new HostError("interrupted", "connect: the instance ended"));
    signal.addEventListener("abort", giveUp);
    socket.pause();
    try {
      await once(socket, "connect");
      socket.on("error", () => undefined);
      return socket;
    } catch (thrown) {
      throw HostError.from(thrown, "connect");
    } finally {
      signal.removeEventListener("abort", giveUp);
    }
  },
  lookUp: () => Promise.reject(new HostError("name-unresolvable", "look up a name in a test")),
  open: () => Promise.reject(new HostError("unsupported", "open a socket in a test")),
  socketOf: () => assert.fail("no socket is asked for in a test"),
};

function networkOf(outbound: readonly string[]): GuestNetwork {
  return new GuestNetwork({ policy: parseNetworkRules({ outbound, binds: [] }), access });
}
