import { CancellableAnswer, type HostInterface, type HostTools } from "#engine";
import type { KeyValueStore } from "../storage/storage.ts";
import type { Stores } from "../storage/stores.ts";
import { type Answer, err, ok } from "./answer.ts";
import { HandleTable } from "./handle-table.ts";
import { answering, OpenedStore, StoreOpener, tooLarge } from "./open-store.ts";

type Call = (...parameters: never[]) => unknown;

/** Functions of both versions: they say the same, and differ in how a guest waits. */
function storeFunctions(opener: StoreOpener) {
  return {
    open: (label: string): Answer => {
      const opened = opener.open(label);
      return opened instanceof OpenedStore ? ok(opened) : opened;
    },
    get: ({ storage }: OpenedStore, key: string): Promise<Answer> =>
      answering(async () => ({ tag: "ok", value: (await storage.get([key]))[0] })),
    set: ({ storage }: OpenedStore, key: string, value: Uint8Array): Promise<Answer> =>
      answering(async () => tooLarge(key, value) ?? ok(await storage.set([[key, value]]))),
    delete: ({ storage }: OpenedStore, key: string): Promise<Answer> =>
      answering(async () => ok(await storage.delete([key]))),
    exists: ({ storage }: OpenedStore, key: string): Promise<Answer> =>
      answering(async () => ok(await storage.exists(key))),
  };
}

function getKeys({ storage }: OpenedStore): Promise<Answer> {
  return answering(async () => ok(await storage.keys()));
}

/** `fermyon:spin/key-value@2.0.0`. */
export function keyValueInterface(labels: readonly string[], stores: Stores, { waiting }: HostTools): HostInterface {
  const opener = new StoreOpener(labels, stores);
  const { open, ...methods } = storeFunctions(opener);
  const calls: readonly (readonly [string, Call])[] = [...Object.entries(methods), ["get-keys", getKeys]];
  return {
    functions: {
      "[static]store.open": open,
      ...Object.fromEntries(calls.map(([name, call]) => [`[method]store.${name}`, waiting(call)])),
    },
    resources: { store: { drop: () => opener.drop() } },
  };
}

/** `spin:key-value/key-value@3.0.0`, whose keys come as a stream. */
export function asyncKeyValueInterface(labels: readonly string[], stores: Stores): HostInterface {
  const opener = new StoreOpener(labels, stores);
  const { open, ...methods } = storeFunctions(opener);
  const calls: readonly (readonly [string, Call])[] = Object.entries(methods);
  return {
    functions: {
      "[static]store.open": open,
      ...Object.fromEntries(calls.map(([name, call]) => [`[method]store.${name}`, cancellable(call)])),
      "[method]store.get-keys": ({ storage: own }: OpenedStore) => streamOfKeys(own),
    },
    resources: { store: { drop: () => opener.drop() } },
  };
}

/** `fermyon:spin/key-value` of Spin 1: stores are numbers, and a key that is not there is an error. */
export function unversionedKeyValueInterface(
  labels: readonly string[],
  stores: Stores,
  { waiting }: HostTools,
): HostInterface {
  const opener = new StoreOpener(labels, stores);
  const opened = new HandleTable<OpenedStore>();
  const { open: _open, ...methods } = storeFunctions(opener);
  const calls: readonly (readonly [string, StoreCall])[] = [...Object.entries(methods), ["get-keys", getKeys]];
  const functions = calls.map(([name, call]) => {
    const ofNumber = async (number: number, ...parameters: never[]): Promise<Answer> => {
      const store = opened.get(number);
      return store === undefined ? err("invalid-store") : unversionedAnswer(name, await call(store, ...parameters));
    };
    return [name, waiting(ofNumber)] as const;
  });
  return {
    functions: {
      open: (label: string): Answer => {
        const store = opener.open(label);
        return store instanceof OpenedStore ? ok(opened.add(store)) : store;
      },
      close: (number: number): void => {
        if (opened.take(number) !== undefined) opener.drop();
      },
      ...Object.fromEntries(functions),
    },
    resources: {},
  };
}

type StoreCall = (store: OpenedStore, ...parameters: never[]) => Promise<Answer>;

function unversionedAnswer(name: string, answer: Answer): Answer {
  if (answer.tag === "err") return answer.value.tag === "other" ? err("io", answer.value.value) : answer;
  return name === "get" && answer.value === undefined ? err("no-such-key") : answer;
}

function streamOfKeys(storage: KeyValueStore): readonly [keys: AsyncIterable<readonly string[]>, end: object] {
  const listed = storage.keys();
  async function* keys(): AsyncGenerator<readonly string[]> {
    // What went wrong is told by the future.
    const all = await listed.catch((): readonly string[] => []);
    if (all.length > 0) yield all;
  }
  return [keys(), { future: answering(async () => ok(void (await listed))) }];
}

/** What is under way when its guest loses interest comes to its end. */
function cancellable(call: Call): Call {
  return (...parameters) => new CancellableAnswer(Promise.resolve(call(...parameters)), () => undefined);
}
