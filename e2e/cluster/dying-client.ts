import { createKubeClient, type KubeClient, type NewObject, type ResourceType, resourceTypes } from "#kube";

/** The end of a process at one of its requests that write: the server has done it, and nobody hears of it. */
export class Death {
  hasCome = false;
  readonly #at: number;
  readonly #die: () => void;
  #writes = 0;

  constructor(at: number, die: () => void) {
    [this.#at, this.#die] = [at, die];
  }

  connect(options: Parameters<typeof createKubeClient>[0]): KubeClient {
    const client = createKubeClient(options);
    const write = <Written>(type: ResourceType, act: () => Promise<Written>): Promise<Written> =>
      this.#write(type, act);
    return {
      connection: client.connection,
      get: (...words) => client.get(...words),
      listPages: (...words) => client.listPages(...words),
      list: (...words) => client.list(...words),
      watch: (...words) => client.watch(...words),
      logs: (...words) => client.logs(...words),
      version: (...words) => client.version(...words),
      create: (type, object: NewObject, more) => write(type, () => client.create(type, object, more)),
      replace: (type, object: NewObject, more) => write(type, () => client.replace(type, object, more)),
      apply: (type, object: NewObject, more) => write(type, () => client.apply(type, object, more)),
      patch: (type, ...words) => write(type, () => client.patch(type, ...words)),
      delete: (type, ...words) => write(type, () => client.delete(type, ...words)),
      close: () => client.close(),
      [Symbol.dispose]: () => client.close(),
    };
  }

  async #write<Written>(type: ResourceType, act: () => Promise<Written>): Promise<Written> {
    // Events are told beside all else, at no certain time.
    if (type === resourceTypes.event) return act();
    this.#writes += 1;
    if (this.hasCome) throw new Error("a process that has died asks for nothing");
    if (this.#writes !== this.#at) return act();
    try {
      await act();
    } finally {
      this.hasCome = true;
      this.#die();
    }
    throw new Error("the process has died");
  }
}
