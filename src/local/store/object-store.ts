import { randomUUID } from "node:crypto";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { isDeepStrictEqual } from "node:util";
import { type Clock, KwasmError, type Log, silentLog } from "#base";
import type { KubeObject, ObjectKey, ObjectMeta } from "../kinds/index.ts";
import { diskFailure } from "./disk-failure.ts";
import { keyOf, keyText } from "./object-key.ts";
import { readObjectRow } from "./object-row.ts";
import { timestampOf } from "./timestamp.ts";

/** Objects of all kinds together: they are all kept in memory, at some 5 kB each. */
const OBJECT_COUNT_MAX = 20_000;

/** Bytes of one object as JSON, what etcd allows for one request, so that what runs here fits a cluster too. */
export const OBJECT_BYTES_MAX = 1_572_864;

export interface ObjectChange {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: KubeObject;
}

type ObjectOfKind<Kind extends KubeObject["kind"]> = Extract<KubeObject, { kind: Kind }>;

/**
 * All objects of the machine, in memory and on disk. Reads come from memory; a write is on disk when the call returns.
 * Objects are values: `update` puts a new one in the old one's place. Listeners are called after the write, in order.
 */
export class ObjectStore {
  readonly #clock: Clock;
  readonly #objects = new Map<string, KubeObject>();
  readonly #listeners = new Set<(change: ObjectChange) => void>();
  readonly #write: StatementSync;
  readonly #erase: StatementSync;
  readonly #count: StatementSync;
  #version: number;

  /** A stored object that cannot be read is left out and named in the log; its row stays until its name is used anew. */
  constructor(database: DatabaseSync, clock: Clock, log: Log = silentLog) {
    this.#clock = clock;
    this.#write = database.prepare("INSERT OR REPLACE INTO objects (kind, namespace, name, body) VALUES (?, ?, ?, ?)");
    this.#erase = database.prepare("DELETE FROM objects WHERE kind = ? AND namespace = ? AND name = ?");
    this.#count = database.prepare("INSERT OR REPLACE INTO counters (name, value) VALUES ('resourceVersion', ?)");
    const counter = database.prepare("SELECT value FROM counters WHERE name = 'resourceVersion'").get();
    this.#version = Number(counter?.["value"] ?? 0);
    for (const row of database.prepare("SELECT kind, namespace, name, body FROM objects").iterate()) {
      const reading = readObjectRow(row);
      if ("object" in reading) this.#objects.set(keyText(keyOf(reading.object)), reading.object);
      else log.error("stored object cannot be read and is left out; apply it again", { ...reading });
    }
  }

  get<Kind extends KubeObject["kind"]>(kind: Kind, name: string, namespace?: string): ObjectOfKind<Kind> | undefined {
    const object = this.#objects.get(keyText(namespace === undefined ? { kind, name } : { kind, name, namespace }));
    return object !== undefined && isOfKind(object, kind) ? object : undefined;
  }

  find(key: ObjectKey): KubeObject | undefined {
    return this.#objects.get(keyText(key));
  }

  /** By namespace and name, as `kubectl get` sorts them. */
  list<Kind extends KubeObject["kind"]>(kind: Kind, namespace?: string): ObjectOfKind<Kind>[] {
    const found: ObjectOfKind<Kind>[] = [];
    for (const object of this.#objects.values()) {
      if (!isOfKind(object, kind)) continue;
      if (namespace === undefined || object.metadata.namespace === namespace) found.push(object);
    }
    return found.sort(byNamespaceAndName);
  }

  listAll(): KubeObject[] {
    return [...this.#objects.values()];
  }

  /** Gives uid, version and creation time. Throws `already-exists` or `limit-exceeded`. */
  create<Object extends KubeObject>(object: Object): Object {
    const text = keyText(keyOf(object));
    if (this.#objects.has(text)) throw new KwasmError("already-exists", `create "${text}": it exists already`);
    if (this.#objects.size >= OBJECT_COUNT_MAX) {
      throw new KwasmError(
        "limit-exceeded",
        `create "${text}": this machine keeps at most "${OBJECT_COUNT_MAX}" objects; delete some first`,
      );
    }
    const created = withMeta(object, {
      uid: randomUUID(),
      generation: 1,
      creationTimestamp: timestampOf(this.#clock.nowMs()),
    });
    return this.#put(created, "ADDED");
  }

  /**
   * Puts what `change` makes of the present object in its place; a change that alters nothing is not written. An
   * object that is gone, or is another one of the same name (`uid` differs), is left alone and undefined returned.
   */
  update<Object extends KubeObject>(object: Object, change: (current: Object) => Object): Object | undefined {
    const current = this.#objects.get(keyText(keyOf(object)));
    if (current === undefined || current.metadata.uid !== object.metadata.uid) return undefined;
    // Same key means same kind.
    const before = current as Object;
    const after = change(before);
    if (isDeepStrictEqual(after, before)) return before;
    const generation = (before.metadata.generation ?? 0) + (hasSameContent(before, after) ? 0 : 1);
    return this.#put(withMeta(after, { generation }), "MODIFIED");
  }

  /** Removing what is not there is no error. */
  remove(key: ObjectKey): void {
    const text = keyText(key);
    const object = this.#objects.get(text);
    if (object === undefined) return;
    this.#onDisk(`forget "${text}"`, () => this.#erase.run(key.kind, key.namespace ?? "", key.name));
    this.#objects.delete(text);
    this.#notify({ type: "DELETED", object });
  }

  /** Returns the function that stops it. A listener must not throw. */
  onChange(listener: (change: ObjectChange) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #put<Object extends KubeObject>(object: Object, type: "ADDED" | "MODIFIED"): Object {
    this.#version += 1;
    const stored = withMeta(object, { resourceVersion: String(this.#version) });
    const key = keyOf(stored);
    const body = JSON.stringify(stored);
    if (body.length > OBJECT_BYTES_MAX) {
      throw new KwasmError(
        "limit-exceeded",
        `keep "${keyText(key)}": it has more than "${OBJECT_BYTES_MAX}" bytes; split it`,
      );
    }
    this.#onDisk(`keep "${keyText(key)}"`, () => {
      this.#write.run(key.kind, key.namespace ?? "", key.name, body);
      this.#count.run(this.#version);
    });
    this.#objects.set(keyText(key), stored);
    this.#notify({ type, object: stored });
    return stored;
  }

  #onDisk(action: string, write: () => unknown): void {
    try {
      write();
    } catch (error) {
      throw diskFailure(error, action);
    }
  }

  #notify(change: ObjectChange): void {
    for (const listener of this.#listeners) listener(change);
  }
}

function isOfKind<Kind extends KubeObject["kind"]>(object: KubeObject, kind: Kind): object is ObjectOfKind<Kind> {
  return object.kind === kind;
}

function withMeta<Object extends KubeObject>(object: Object, meta: Partial<ObjectMeta>): Object {
  return { ...object, metadata: { ...object.metadata, ...meta } };
}

/** Whether everything but metadata and status is the same: what `generation` counts. */
function hasSameContent(one: KubeObject, other: KubeObject): boolean {
  return isDeepStrictEqual(contentOf(one), contentOf(other));
}

function contentOf(object: KubeObject): object {
  return { ...object, metadata: undefined, status: undefined };
}

function byNamespaceAndName(one: KubeObject, other: KubeObject): number {
  return (
    compare(one.metadata.namespace ?? "", other.metadata.namespace ?? "") ||
    compare(one.metadata.name, other.metadata.name)
  );
}

function compare(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}
