import { isApiError } from "./api-error.ts";
import type { KubeConnection } from "./connection.ts";
import { keyOf, type KubeObject, type Metadata, type ObjectName } from "./object.ts";
import { textAt } from "./read-field.ts";
import { type ListPage, readListPage, readObject } from "./read-object.ts";
import { collectionPath, formatQuery, objectPath, type Selection, selectionQuery } from "./resource-path.ts";
import { type ResourceType, resourceTypes } from "./resource-type.ts";
import { splitLines } from "./split-lines.ts";
import { connectionError, createTransport, type RequestObserver, type Transport } from "./transport.ts";
import { readWatchEvent, type WatchEvent } from "./watch-event.ts";

/** Objects of one page: 100 Nodes with their images are about 2 MB of JSON. */
const PAGE_OBJECTS = 100;

/** How much longer than the server's own timeout a watch may take: then the connection is dead. */
const WATCH_GRACE_MS = 30_000;

/** client-go asks for five to ten minutes, spread so that not all clients come back at once. */
const WATCH_SECONDS_MIN = 300;

/** What a pod's log is cut to where the caller gives no limit. */
const LOG_BYTES_MAX = 1024 * 1024;

export interface KubeClient extends Disposable {
  readonly connection: KubeConnection;
  /** Undefined where there is none. */
  get(type: ResourceType, name: ObjectName, options?: Cancellable): Promise<KubeObject | undefined>;
  /** Everything that is selected, page by page as it comes. */
  listPages(type: ResourceType, options?: ListOptions): AsyncIterable<ListPage>;
  list(type: ResourceType, options?: ListOptions): Promise<readonly KubeObject[]>;
  /** With a subresource, `object` names whose it is: a token of a service account, an eviction of a pod. */
  create(type: ResourceType, object: NewObject, options?: WriteOptions): Promise<KubeObject>;
  /** Writes the whole object; refused with `conflict` where it changed since its `resourceVersion`. */
  replace(type: ResourceType, object: NewObject, options?: WriteOptions): Promise<KubeObject>;
  /** Server-side apply: makes the fields that stand in `object` what they are there, and drops those that we applied before. */
  apply(type: ResourceType, object: NewObject, options: ApplyOptions): Promise<KubeObject>;
  patch(type: ResourceType, name: ObjectName, patch: Patch, options?: WriteOptions): Promise<KubeObject>;
  /** Resolves to false where there was none. */
  delete(type: ResourceType, name: ObjectName, options?: DeleteOptions): Promise<boolean>;
  /** Ends when the server ends it, which it does every few minutes; throws `gone` where the version is too old. */
  watch(type: ResourceType, options: WatchOptions): AsyncIterable<WatchEvent>;
  logs(pod: ObjectName, options?: LogOptions): Promise<string>;
  /** The server's release: `v1.34.4`. */
  version(options?: Cancellable): Promise<string>;
  close(): void;
}

interface Cancellable {
  readonly signal?: AbortSignal | undefined;
}

export interface ListOptions extends Selection, Cancellable {
  readonly pageObjects?: number;
}

interface WriteOptions extends Cancellable {
  readonly subresource?: string;
  readonly fieldManager?: string;
}

interface ApplyOptions extends WriteOptions {
  readonly fieldManager: string;
  /** Takes fields over that others manage; otherwise they are a `conflict`. */
  readonly force?: boolean;
}

export interface DeleteOptions extends Cancellable {
  readonly propagation?: "Background" | "Foreground" | "Orphan";
  /** Only if it is still this one. */
  readonly uid?: string | undefined;
  readonly resourceVersion?: string | undefined;
  readonly gracePeriodSeconds?: number;
}

export interface WatchOptions extends Selection, Cancellable {
  readonly resourceVersion: string;
}

interface LogOptions extends Cancellable {
  readonly container?: string;
  readonly isPrevious?: boolean;
  readonly tailLines?: number;
  readonly bytesMax?: number;
}

/** An object to be written: `apiVersion` and `kind` come from its type where it has none of its own. */
export interface NewObject {
  readonly metadata: Metadata | (Omit<Metadata, "name"> & { readonly generateName: string });
  readonly [field: string]: unknown;
}

/** https://www.rfc-editor.org/rfc/rfc7386 and https://www.rfc-editor.org/rfc/rfc6902 */
export type Patch =
  | { readonly kind: "merge"; readonly body: Readonly<Record<string, unknown>> }
  | { readonly kind: "json"; readonly body: readonly JsonPatchStep[] };

type JsonPatchStep =
  | { readonly op: "add" | "replace" | "test"; readonly path: string; readonly value: unknown }
  | { readonly op: "remove"; readonly path: string };

interface ClientOptions {
  readonly connection: KubeConnection;
  readonly userAgent?: string;
  readonly observe?: RequestObserver | undefined;
  readonly random?: () => number;
}

export function createKubeClient(options: ClientOptions): KubeClient {
  const { connection, userAgent = "kwasm", observe, random = Math.random } = options;
  return new Client(connection, createTransport({ connection, userAgent, observe }), random);
}

class Client implements KubeClient {
  readonly connection: KubeConnection;
  readonly #transport: Transport;
  readonly #random: () => number;

  constructor(connection: KubeConnection, transport: Transport, random: () => number) {
    this.connection = connection;
    this.#transport = transport;
    this.#random = random;
  }

  async get(type: ResourceType, name: ObjectName, { signal }: Cancellable = {}): Promise<KubeObject | undefined> {
    const action = describe("get", type, name);
    try {
      return readObject(
        await this.#transport.json({ method: "GET", path: objectPath(type, name), action, signal }),
        action,
      );
    } catch (thrown) {
      if (isApiError(thrown, "not-found")) return undefined;
      throw thrown;
    }
  }

  async *listPages(type: ResourceType, options: ListOptions = {}): AsyncGenerator<ListPage> {
    const { signal, pageObjects = PAGE_OBJECTS } = options;
    const action = `list ${type.plural}`;
    const defaults = { apiVersion: type.apiVersion, kind: type.kind };
    let next: string | undefined;
    do {
      const query = formatQuery({ ...selectionQuery(options), limit: pageObjects, continue: next });
      const path = collectionPath(type, options.namespace) + query;
      const page = readListPage(await this.#transport.json({ method: "GET", path, action, signal }), action, defaults);
      next = page.continueToken;
      yield page;
    } while (next !== undefined);
  }

  async list(type: ResourceType, options: ListOptions = {}): Promise<readonly KubeObject[]> {
    const items: KubeObject[] = [];
    for await (const page of this.listPages(type, options)) items.push(...page.items);
    return items;
  }

  create(type: ResourceType, object: NewObject, options: WriteOptions = {}): Promise<KubeObject> {
    const { subresource, fieldManager } = options;
    const collection = collectionPath(type, namespaceOf(object)) + formatQuery({ fieldManager });
    const path = subresource === undefined ? collection : writePath(type, nameOf(object), options);
    return this.#write(
      { method: "POST", path, action: describe("create", type, nameOf(object)), body: typed(type, object) },
      options,
    );
  }

  replace(type: ResourceType, object: NewObject, options: WriteOptions = {}): Promise<KubeObject> {
    const path = writePath(type, nameOf(object), options);
    return this.#write(
      { method: "PUT", path, action: describe("replace", type, nameOf(object)), body: typed(type, object) },
      options,
    );
  }

  apply(type: ResourceType, object: NewObject, options: ApplyOptions): Promise<KubeObject> {
    const path = writePath(type, nameOf(object), options, { force: options.force });
    const request = { method: "PATCH", path, action: describe("apply", type, nameOf(object)) } as const;
    const contentType = "application/apply-patch+yaml";
    return this.#write({ ...request, body: typed(type, object), contentType }, options);
  }

  patch(type: ResourceType, name: ObjectName, patch: Patch, options: WriteOptions = {}): Promise<KubeObject> {
    const contentType = patch.kind === "merge" ? "application/merge-patch+json" : "application/json-patch+json";
    const path = writePath(type, name, options);
    return this.#write(
      { method: "PATCH", path, action: describe("patch", type, name), body: patch.body, contentType },
      options,
    );
  }

  async #write(request: Parameters<Transport["json"]>[0], { signal }: WriteOptions): Promise<KubeObject> {
    return readObject(await this.#transport.json({ ...request, signal }), request.action);
  }

  async delete(type: ResourceType, name: ObjectName, options: DeleteOptions = {}): Promise<boolean> {
    const { propagation = "Background", uid, resourceVersion, gracePeriodSeconds, signal } = options;
    const body = {
      propagationPolicy: propagation,
      gracePeriodSeconds,
      ...((uid !== undefined || resourceVersion !== undefined) && { preconditions: { uid, resourceVersion } }),
    };
    try {
      const action = describe("delete", type, name);
      await this.#transport.json({ method: "DELETE", path: objectPath(type, name), action, body, signal });
      return true;
    } catch (thrown) {
      if (isApiError(thrown, "not-found")) return false;
      throw thrown;
    }
  }

  async *watch(type: ResourceType, options: WatchOptions): AsyncGenerator<WatchEvent> {
    const timeoutSeconds = Math.round(WATCH_SECONDS_MIN * (1 + this.#random()));
    const query = formatQuery({
      ...selectionQuery(options),
      watch: true,
      allowWatchBookmarks: true,
      resourceVersion: options.resourceVersion,
      timeoutSeconds,
    });
    const request = {
      method: "GET",
      path: collectionPath(type, options.namespace) + query,
      action: `watch ${type.plural}`,
      signal: options.signal,
      timeoutMs: timeoutSeconds * 1000 + WATCH_GRACE_MS,
    } as const;
    const answer = await this.#transport.open(request);
    try {
      for await (const line of splitLines(answer, request.action)) yield readWatchEvent(line, request.action);
    } catch (thrown) {
      throw connectionError(thrown, request);
    } finally {
      answer.destroy();
    }
  }

  logs(pod: ObjectName, options: LogOptions = {}): Promise<string> {
    const { container, isPrevious, tailLines, bytesMax = LOG_BYTES_MAX, signal } = options;
    const query = formatQuery({ container, previous: isPrevious, tailLines, limitBytes: bytesMax });
    const action = `read the log of Pod "${keyOf(pod)}"`;
    const path = objectPath(resourceTypes.pod, pod, "log") + query;
    return this.#transport.text({ method: "GET", path, action, accept: "*/*", signal });
  }

  async version({ signal }: Cancellable = {}): Promise<string> {
    const request = {
      method: "GET",
      path: "/version",
      action: "ask for the version of the API server",
      signal,
    } as const;
    return textAt(await this.#transport.json(request), "gitVersion") ?? "";
  }

  close(): void {
    this.#transport.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function describe(verb: string, type: ResourceType, name: ObjectName): string {
  return `${verb} ${type.kind} "${keyOf(name)}"`;
}

function typed({ apiVersion, kind }: ResourceType, object: NewObject): Readonly<Record<string, unknown>> {
  return { apiVersion, kind, ...object };
}

function namespaceOf({ metadata }: NewObject): string | undefined {
  return typeof metadata.namespace === "string" ? metadata.namespace : undefined;
}

function nameOf(object: NewObject): ObjectName {
  const { name } = object.metadata;
  return { name: typeof name === "string" ? name : "", namespace: namespaceOf(object) };
}

function writePath(
  type: ResourceType,
  name: ObjectName,
  { subresource, fieldManager }: WriteOptions,
  more: Parameters<typeof formatQuery>[0] = {},
): string {
  return objectPath(type, name, subresource) + formatQuery({ fieldManager, ...more });
}
