import type { HostInterface, HostTools } from "#engine";
import { defaultLabel, type Stores } from "../storage/stores.ts";
import { type Answer, err, ok } from "./answer.ts";
import { answering, OpenedStore, StoreOpener, tooLarge } from "./open-store.ts";

type Pairs = readonly (readonly [key: string, value: Uint8Array])[];

/** A value as it was when a guest looked: it is set only where it still is the same. */
class Comparison {
  readonly store: OpenedStore;
  readonly key: string;
  readonly current: Uint8Array | undefined;

  constructor(store: OpenedStore, key: string, current: Uint8Array | undefined) {
    this.store = store;
    this.key = key;
    this.current = current;
  }
}

/** The interfaces of `wasi:keyvalue@0.2.0-draft2`, over the stores that Spin's own interface has. */
export function wasiKeyvalueInterfaces(
  labels: readonly string[],
  stores: Stores,
  { waiting }: HostTools,
): Readonly<Record<string, HostInterface>> {
  const opener = new StoreOpener(labels, stores);
  const bucket = { drop: () => opener.drop() };
  return {
    store: { functions: storeFunctions(opener, waiting), resources: { bucket } },
    batch: { functions: batchFunctions(waiting), resources: { bucket } },
    atomics: { functions: atomicFunctions(waiting), resources: { bucket, cas: {} } },
  };
}

type Waiting = HostTools["waiting"];

function storeFunctions(opener: StoreOpener, waiting: Waiting): HostInterface["functions"] {
  return {
    open(identifier: string): Answer {
      const opened = opener.open(identifier === "" ? defaultLabel : identifier);
      if (opened instanceof OpenedStore) return ok(opened);
      const isFull = opened.tag === "err" && opened.value.tag === "store-table-full";
      return isFull ? err("other", "too many stores are open") : opened;
    },
    "[method]bucket.get": waiting(({ storage }: OpenedStore, key: string) =>
      answering(async () => ({ tag: "ok", value: (await storage.get([key]))[0] })),
    ),
    "[method]bucket.set": waiting(({ storage }: OpenedStore, key: string, value: Uint8Array) =>
      answering(async () => tooLarge(key, value) ?? ok(await storage.set([[key, value]]))),
    ),
    "[method]bucket.delete": waiting(({ storage }: OpenedStore, key: string) =>
      answering(async () => ok(await storage.delete([key]))),
    ),
    "[method]bucket.exists": waiting(({ storage }: OpenedStore, key: string) =>
      answering(async () => ok(await storage.exists(key))),
    ),
    "[method]bucket.list-keys": waiting(({ storage }: OpenedStore, cursor: string | undefined) =>
      answering(async () => {
        if (cursor !== undefined) return err("other", "there are no cursors: all keys are listed at once");
        return ok({ keys: await storage.keys(), cursor: undefined });
      }),
    ),
  };
}

function batchFunctions(waiting: Waiting): HostInterface["functions"] {
  return {
    "get-many": waiting(({ storage }: OpenedStore, keys: readonly string[]) =>
      answering(async () => {
        const values = await storage.get(keys);
        return ok(keys.map((key, index) => [key, values[index]]));
      }),
    ),
    "set-many": waiting(({ storage }: OpenedStore, pairs: Pairs) =>
      answering(async () => {
        const refused = pairs.map(([key, value]) => tooLarge(key, value)).find((answer) => answer !== undefined);
        return refused ?? ok(await storage.set(pairs));
      }),
    ),
    "delete-many": waiting(({ storage }: OpenedStore, keys: readonly string[]) =>
      answering(async () => ok(await storage.delete(keys))),
    ),
  };
}

function atomicFunctions(waiting: Waiting): HostInterface["functions"] {
  return {
    increment: waiting(({ storage }: OpenedStore, key: string, delta: bigint) =>
      answering(async () => tooLarge(key) ?? ok(await storage.increment(key, delta))),
    ),
    "[static]cas.new": waiting((store: OpenedStore, key: string) =>
      answering(async () => ok(new Comparison(store, key, (await store.storage.get([key]))[0]))),
    ),
    "[method]cas.current": ({ current }: Comparison): Answer => ({ tag: "ok", value: current }),
    swap: waiting(async (comparison: Comparison, value: Uint8Array) => {
      const { store, key, current } = comparison;
      const answer = await answering(async () => {
        return tooLarge(key, value) ?? ok(await store.storage.swap(key, current, value));
      });
      if (answer.tag === "err") return { tag: "err", value: { tag: "store-error", value: answer.value } };
      if (answer.value === undefined) return ok();
      // A value that is not what it was: its guest gets what it is now, to try again.
      const found = (answer.value as { readonly current?: Uint8Array }).current;
      return { tag: "err", value: { tag: "cas-failed", value: new Comparison(store, key, found) } };
    }),
  };
}
