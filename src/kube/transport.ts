import type { ClientRequest, IncomingMessage } from "node:http";

import { KwasmError, nodeHttp, nodeHttps, systemErrorCode } from "#base";

import { ApiError } from "./api-error.ts";
import type { KubeConnection } from "./connection.ts";

/** etcd takes objects of 1.5 MiB; a page of a list has many. */
const BODY_BYTES_MAX = 64 * 1024 * 1024;

/** A request that changes or reads something and is no watch; the API server itself gives up after 60 s. */
const REQUEST_MS_MAX = 65_000;

/** A load balancer forgets idle connections after a minute at the earliest; a dead peer is found ten seconds later. */
const KEEP_ALIVE_MS = 30_000;

/** Each watch holds a connection, and controllers write side by side. */
const SOCKETS_MAX = 32;

export interface ApiRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Path and query. */
  readonly path: string;
  /** What is done, for errors: `create Job "a"`. */
  readonly action: string;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly accept?: string;
  readonly signal?: AbortSignal | undefined;
  /** For watches, which are long on purpose. */
  readonly timeoutMs?: number;
}

/** Sees each request when its answer begins, or when none came: status 0. */
export type RequestObserver = (request: {
  readonly method: string;
  readonly status: number;
  readonly host: string;
}) => void;

export interface Transport extends Disposable {
  /** The JSON of an answer of success; throws ApiError for any other. */
  json(request: ApiRequest): Promise<unknown>;
  /** The text of an answer of success. */
  text(request: ApiRequest): Promise<string>;
  /** An answer of success whose body is still to come. */
  open(request: ApiRequest): Promise<IncomingMessage>;
  close(): void;
}

interface TransportOptions {
  readonly connection: KubeConnection;
  readonly userAgent: string;
  readonly observe?: RequestObserver | undefined;
}

export function createTransport({ connection, userAgent, observe }: TransportOptions): Transport {
  const isTls = connection.server.protocol === "https:";
  const agentOptions = { keepAlive: true, keepAliveMsecs: KEEP_ALIVE_MS, maxSockets: SOCKETS_MAX };
  const agent = isTls
    ? new (nodeHttps().Agent)({ ...agentOptions, ...connection.tls })
    : new (nodeHttp().Agent)(agentOptions);

  async function send(request: ApiRequest, signal: AbortSignal, isRetry: boolean): Promise<IncomingMessage> {
    const body = request.body === undefined ? undefined : Buffer.from(JSON.stringify(request.body));
    const headers = {
      accept: request.accept ?? "application/json",
      "user-agent": userAgent,
      ...(await connection.headers(isRetry)),
      ...(body !== undefined && {
        "content-type": request.contentType ?? "application/json",
        "content-length": body.length,
      }),
    };
    const base = connection.server.pathname.replace(/\/$/, "");
    const options = { method: request.method, path: base + request.path, headers, agent, signal };
    const start = isTls ? nodeHttps().request : nodeHttp().request;
    const answer = await answerTo(start(connection.server, options), body);
    return answer;
  }

  async function open(request: ApiRequest): Promise<IncomingMessage> {
    const signal = limited(request);
    for (const isRetry of [false, true]) {
      const answer = await attempt(request, signal, isRetry);
      if (isSuccess(answer)) return answer;
      // A token that was renewed on disk may not have been read yet.
      if (answer.statusCode === 401 && !isRetry) {
        answer.resume();
        continue;
      }
      throw await refusalOf(request, answer);
    }
    throw new KwasmError("internal", `${request.action}: no attempt was made`);
  }

  async function attempt(request: ApiRequest, signal: AbortSignal, isRetry: boolean): Promise<IncomingMessage> {
    try {
      const answer = await send(request, signal, isRetry);
      observe?.({ method: request.method, status: answer.statusCode ?? 0, host: connection.server.host });
      return answer;
    } catch (thrown) {
      observe?.({ method: request.method, status: 0, host: connection.server.host });
      throw connectionError(thrown, request);
    }
  }

  async function text(request: ApiRequest): Promise<string> {
    const answer = await open(request);
    try {
      return await readText(answer, request.action);
    } catch (thrown) {
      throw connectionError(thrown, request);
    }
  }

  return {
    open,
    text,
    json: async (request) => parseJson(await text(request), request.action),
    close: () => agent.destroy(),
    [Symbol.dispose]: () => agent.destroy(),
  };
}

function limited({ signal, timeoutMs }: ApiRequest): AbortSignal {
  const limit = AbortSignal.timeout(timeoutMs ?? REQUEST_MS_MAX);
  return signal === undefined ? limit : AbortSignal.any([signal, limit]);
}

function isSuccess({ statusCode = 0 }: IncomingMessage): boolean {
  return statusCode >= 200 && statusCode < 300;
}

function answerTo(request: ClientRequest, body: Buffer | undefined): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.once("response", resolve);
    // Not once: a request that is aborted may say so twice.
    request.on("error", reject);
    request.setSocketKeepAlive(true, KEEP_ALIVE_MS);
    request.end(body);
  });
}

async function readText(answer: IncomingMessage, action: string): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) {
      throw new KwasmError("limit-exceeded", `${action}: the answer has more than ${BODY_BYTES_MAX} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

async function refusalOf(request: ApiRequest, answer: IncomingMessage): Promise<ApiError> {
  const text = await readText(answer, request.action);
  const seconds = Number(answer.headers["retry-after"]);
  return new ApiError(request.action, {
    status: answer.statusCode ?? 0,
    body: isJson(answer) ? parseJson(text, request.action) : { message: text.slice(0, 500) },
    retryAfterMs: seconds > 0 ? seconds * 1000 : undefined,
  });
}

function isJson({ headers }: IncomingMessage): boolean {
  return headers["content-type"]?.startsWith("application/json") ?? false;
}

function parseJson(text: string, action: string): unknown {
  try {
    return JSON.parse(text);
  } catch (thrown) {
    throw new KwasmError("corrupt", `${action}: the API server's answer is no JSON`, { cause: thrown });
  }
}

/** What goes wrong below HTTP, whose codes say whether it is worth to try again. */
export function connectionError(
  thrown: unknown,
  { action, signal }: Pick<ApiRequest, "action" | "signal">,
): KwasmError {
  if (thrown instanceof KwasmError) return thrown;
  if (signal?.aborted === true) return new KwasmError("cancelled", `${action}: it was cancelled`, { cause: thrown });
  const isTimeout =
    thrown instanceof Error && (thrown.name === "TimeoutError" || systemErrorCode(thrown) === "ABORT_ERR");
  if (isTimeout) return new KwasmError("deadline-exceeded", `${action}: no answer in time`, { cause: thrown });
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  return new KwasmError("unavailable", `${action}: ${reason}`, { cause: thrown });
}
