import { type Clock, KwasmError } from "#base";
import { Authorizer } from "../auth/authorizer.ts";
import type { FindCredentials } from "../auth/credentials.ts";
import type { Endpoint } from "../hosts/endpoint.ts";
import type { RegistryLimits } from "../limits.ts";
import { describeUrl, statusFailure } from "./failures.ts";
import { retry } from "./retry.ts";
import { type HttpResponse, readWhole, type Transport } from "./transport.ts";

export interface RegistryClientOptions {
  readonly endpoint: Endpoint;
  readonly repository: string;
  readonly transport: Transport;
  readonly credentials: FindCredentials;
  readonly limits: RegistryLimits;
  readonly clock: Clock;
  readonly random: () => number;
  readonly signal?: AbortSignal;
}

/** A request to a registry, under `/v2/`. */
export interface RegistryRequest {
  readonly method: string;
  /** Under `/v2/`, or an address that the registry gave. */
  readonly path: string | URL;
  readonly scopes: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
  /** Made anew for each attempt. */
  readonly body?: () => AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
  /** Statuses that the caller takes; all others become errors. */
  readonly accepted: readonly number[];
}

/** A response with the address that gave it, for relative locations in it. */
export interface RegistryResponse extends HttpResponse {
  readonly url: URL;
}

/** One repository of one registry, asked with credentials. */
export class RegistryClient {
  readonly endpoint: Endpoint;
  readonly repository: string;
  readonly #options: RegistryClientOptions;
  readonly #authorizer: Authorizer;

  constructor(options: RegistryClientOptions) {
    const { endpoint, transport, limits, clock, signal, repository } = options;
    this.endpoint = endpoint;
    this.repository = repository;
    this.#options = options;
    this.#authorizer = new Authorizer({
      transport,
      limits,
      tls: endpoint.tls,
      isPlain: endpoint.base.protocol === "http:",
      credentials: () => options.credentials(endpoint.registry, repository),
      nowMs: () => clock.nowMs(),
      ...(signal === undefined ? {} : { signal }),
    });
  }

  pullScopes(): readonly string[] {
    return [`repository:${this.repository}:pull`];
  }

  pushScopes(): readonly string[] {
    return [`repository:${this.repository}:pull,push`];
  }

  /** `send`, again where it fails for a while. */
  ask(request: RegistryRequest): Promise<RegistryResponse> {
    return retry(() => this.send(request), this.#options);
  }

  /** `action` again where it fails for a while; see `retry`. */
  retrying<Result>(action: () => Promise<Result>, progress?: () => number): Promise<Result> {
    return retry(action, this.#options, progress);
  }

  /** One attempt, with the answer to a challenge and the redirects that belong to it. */
  async send(request: RegistryRequest): Promise<RegistryResponse> {
    const first = await this.#follow(request);
    const response = first.status === 401 ? await this.#answerChallenge(request, first) : first;
    if (request.accepted.includes(response.status)) return response;
    const detail = await this.#readDetail(response);
    throw statusFailure(response, response.url, detail, this.#options.clock.nowMs());
  }

  async #answerChallenge(request: RegistryRequest, refusal: RefusableResponse): Promise<RegistryResponse> {
    const challenge = refusal.headers["www-authenticate"];
    // Only the registry itself is answered; what a redirect led to gets no credentials.
    if (challenge === undefined || refusal.isForeign) return refusal;
    const isAnswered = await this.#authorizer.answer(challenge, request.scopes, refusal.authorization);
    if (!isAnswered) return refusal;
    refusal.discard();
    return this.#follow(request);
  }

  async #follow(request: RegistryRequest): Promise<RefusableResponse> {
    const { transport, limits, signal } = this.#options;
    const { endpoint } = this;
    let url = typeof request.path === "string" ? endpoint.resolve(request.path) : request.path;
    for (let redirects = 0; ; redirects++) {
      const isForeign = url.origin !== endpoint.base.origin;
      const authorization = isForeign ? undefined : this.#authorizer.headerFor(request.scopes);
      const body = request.body?.();
      const response = await transport.send({
        url,
        method: request.method,
        headers: { ...request.headers, ...(authorization === undefined ? {} : { authorization }) },
        // A registry's own certificates say nothing about the servers that it leads to.
        tls: isForeign ? {} : endpoint.tls,
        ...(body === undefined ? {} : { body }),
        ...(signal === undefined ? {} : { signal }),
      });
      const { location } = response.headers;
      if (![301, 302, 303, 307, 308].includes(response.status) || location === undefined) {
        return { ...response, url, isForeign, authorization };
      }
      response.discard();
      if (redirects === limits.redirectsMax) {
        throw new KwasmError("limit-exceeded", `asking "${describeUrl(url)}": it redirected ${redirects} times`);
      }
      url = resolveLocation(location, url);
    }
  }

  /** The registry's own words about a failure, without control characters; an answer to HEAD has none. */
  async #readDetail(response: HttpResponse): Promise<string> {
    try {
      const bytes = await readWhole(response, this.#options.limits.errorBytesMax, "a registry's error");
      return detailOf(JSON.parse(Buffer.from(bytes).toString()));
    } catch {
      // The status says enough; a page that is no JSON, or a cut one, would not add to it.
      return "";
    }
  }
}

interface RefusableResponse extends RegistryResponse {
  readonly isForeign: boolean;
  readonly authorization: string | undefined;
}

/** Where a registry leads to; from HTTPS never to HTTP. */
export function resolveLocation(location: string, from: URL): URL {
  const url = URL.parse(location, from);
  if (url === null || !["http:", "https:"].includes(url.protocol)) {
    throw new KwasmError("corrupt", `asking "${describeUrl(from)}": it leads to no address`);
  }
  if (from.protocol === "https:" && url.protocol === "http:") {
    throw new KwasmError("permission-denied", `asking "${describeUrl(from)}": it leads from HTTPS to plain HTTP`);
  }
  return url;
}

const DETAIL_LENGTH_MAX = 300;

/** `{"errors":[{"code":…,"message":…}]}` of the distribution specification. */
function detailOf(document: unknown): string {
  const errors: unknown =
    typeof document === "object" && document !== null && "errors" in document ? document.errors : [];
  const first: unknown = Array.isArray(errors) ? errors[0] : undefined;
  if (typeof first !== "object" || first === null) return "";
  const { code, message } = first as { code?: unknown; message?: unknown };
  const words = [code, message].filter((word) => typeof word === "string" && word !== "").join(": ");
  return words.replaceAll(/\p{C}/gu, " ").slice(0, DETAIL_LENGTH_MAX);
}
