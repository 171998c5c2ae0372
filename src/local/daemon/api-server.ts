import { once } from "node:events";
import { chmodSync, rmSync } from "node:fs";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { type ErrorCode, KwasmError, type Log, nodeHttp } from "#base";
import type { KubeObject } from "../kinds/index.ts";
import type { ObjectStore } from "../store/object-store.ts";
import {
  API_CONNECTIONS_MAX,
  API_PREFIX,
  type DownRequest,
  type Health,
  WATCH_BACKLOG_BYTES_MAX,
  type WatchLine,
} from "./api.ts";
import { parseLabelSelector } from "./label-selector.ts";
import type { ObjectApi } from "./object-api.ts";
import {
  readApplyBody,
  readDeleteBody,
  readDownBody,
  readJsonBody,
  readKey,
  readQuery,
  readScaleBody,
} from "./read-request.ts";
import { socketAddress } from "./socket-address.ts";

/** How this part's codes look as HTTP; the commands read the code in the body. */
const httpStatuses: Readonly<Record<ErrorCode, number>> = {
  "invalid-argument": 400,
  "not-found": 404,
  "already-exists": 409,
  "failed-precondition": 409,
  "limit-exceeded": 413,
  "permission-denied": 403,
  unavailable: 503,
  unsupported: 501,
  cancelled: 499,
  "deadline-exceeded": 504,
  corrupt: 500,
  internal: 500,
};

export interface ApiServerOptions {
  readonly objects: ObjectApi;
  readonly store: ObjectStore;
  readonly log: Log;
  readonly health: () => Health;
  /** Resolves when Services are served as the store says now. */
  readonly settle: () => Promise<void>;
  /** True from the moment in which control begins to end: nothing is answered then. */
  readonly isEnding: () => boolean;
  /** Begins to end control. The caller's connection stays open until it has ended. */
  readonly onDown: (request: DownRequest) => void;
}

interface Call {
  readonly parameters: URLSearchParams;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** A handler's value is sent as JSON; `streaming` says that it has taken the response over. */
type Handler = (call: Call) => unknown;
const streaming = Symbol("streaming");

/** The API's socket. Only its owner may connect: the socket's mode and the folder's say so. */
export class ApiServer implements Disposable {
  readonly #options: ApiServerOptions;
  readonly #server: Server;
  readonly #routes: ReadonlyMap<string, Handler>;
  readonly #sockets = new Set<Socket>();
  readonly #endCallers = new Set<Socket>();
  #path: string | undefined;

  constructor(options: ApiServerOptions) {
    this.#options = options;
    this.#routes = this.#createRoutes();
    this.#server = nodeHttp().createServer((request, response) => void this.#answer(request, response));
    this.#server.maxConnections = API_CONNECTIONS_MAX;
    this.#server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
  }

  /** A socket file that is there belongs to a dead process: this one holds the folder's lock. */
  async listen(path: string): Promise<void> {
    rmSync(path, { force: true });
    using address = socketAddress(path);
    this.#server.listen(address.path);
    await once(this.#server, "listening");
    chmodSync(path, 0o600);
    this.#path = path;
  }

  /** Lets go of every caller but those who asked for the end: see `releaseCallers`. Idempotent. */
  close(): void {
    if (this.#path === undefined) return;
    this.#server.close();
    for (const socket of this.#sockets) if (!this.#endCallers.has(socket)) socket.destroy();
    rmSync(this.#path, { force: true });
    this.#path = undefined;
  }

  /**
   * Those who asked for the end learn of it when their connection breaks, which the end of this process does by
   * itself. To be called after `close` where the process lives on.
   */
  releaseCallers(): void {
    for (const socket of this.#endCallers) socket.destroy();
  }

  [Symbol.dispose](): void {
    this.close();
    this.releaseCallers();
  }

  #createRoutes(): ReadonlyMap<string, Handler> {
    const { objects, health } = this.#options;
    return new Map<string, Handler>([
      ["GET /health", health],
      ["GET /objects", ({ parameters }) => ({ objects: objects.list(readQuery(parameters)) })],
      ["GET /describe", ({ parameters }) => objects.describe(readKey(Object.fromEntries(parameters)))],
      ["GET /watch", (call) => this.#watch(call)],
      ["POST /apply", async ({ request }) => ({ results: objects.apply(readApplyBody(await readJsonBody(request))) })],
      ["POST /scale", async ({ request }) => ({ object: objects.scale(readScaleBody(await readJsonBody(request))) })],
      ["POST /delete", async ({ request }) => ({ keys: objects.delete(readDeleteBody(await readJsonBody(request))) })],
      ["POST /settle", () => this.#options.settle().then(() => ({}))],
      ["POST /down", (call) => this.#down(call)],
    ]);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const url = new URL(request.url ?? "/", "http://control");
      const value = await this.#handlerOf(request, url)({ parameters: url.searchParams, request, response });
      if (value !== streaming) sendJson(response, 200, value);
    } catch (error) {
      const failure = KwasmError.from(error, "answer a request");
      if (failure.code === "internal") this.#options.log.error("request failed", { url: request.url, error: failure });
      if (response.headersSent) response.destroy();
      else sendJson(response, httpStatuses[failure.code], { error: { code: failure.code, message: failure.message } });
    }
  }

  #handlerOf(request: IncomingMessage, url: URL): Handler {
    if (this.#options.isEnding()) {
      throw new KwasmError("unavailable", "answer a request: the control process is ending; try again in a moment");
    }
    const isVersioned = url.pathname.startsWith(`${API_PREFIX}/`);
    const handler = isVersioned
      ? this.#routes.get(`${request.method} ${url.pathname.slice(API_PREFIX.length)}`)
      : undefined;
    if (handler !== undefined) return handler;
    throw new KwasmError(
      "unsupported",
      `answer "${request.method} ${url.pathname}": this control process does not know it; end it with "kwasm down" after an upgrade`,
    );
  }

  /** Sends what is there, then what changes, until the caller goes or falls too far behind. */
  #watch({ parameters, response }: Call): typeof streaming {
    const query = readQuery(parameters);
    const { objects, store } = this.#options;
    const send = (line: WatchLine): void => {
      response.write(`${JSON.stringify(line)}\n`);
      if (response.writableLength > WATCH_BACKLOG_BYTES_MAX) response.destroy();
    };
    const { name, ...rest } = query;
    const matches = parseLabelSelector(query.labelSelector ?? "");
    const isConcerned = ({ metadata }: KubeObject): boolean =>
      (name === undefined || metadata.name === name) && matches(metadata.labels);
    response.writeHead(200, { "content-type": "application/x-ndjson" });
    for (const object of objects.list(rest).filter(isConcerned)) send({ type: "ADDED", object });
    send({ type: "SYNCED" });
    const stop = store.onChange(({ type, object }) => {
      const isInPlace =
        object.kind === query.kind && (query.namespace === undefined || object.metadata.namespace === query.namespace);
      if (isInPlace && isConcerned(object)) send({ type, object });
    });
    response.once("close", stop);
    return streaming;
  }

  /** Answers at once and keeps the connection: its end tells the caller that control has ended. */
  async #down({ request, response }: Call): Promise<typeof streaming> {
    const body = readDownBody(await readJsonBody(request));
    this.#endCallers.add(request.socket.unref());
    response.writeHead(200, { "content-type": "application/x-ndjson" });
    response.write(`${JSON.stringify({ pid: process.pid })}\n`);
    this.#options.onDown(body);
    return streaming;
  }
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(value));
}
