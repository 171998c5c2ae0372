import { type Clock, KwasmError, systemClock } from "#base";
import type { FindCredentials } from "./auth/credentials.ts";
import { Endpoint } from "./hosts/endpoint.ts";
import { type RegistryHostsOptions, routeTo } from "./hosts/registry-hosts.ts";
import { RegistryClient } from "./http/registry-client.ts";
import { Transport } from "./http/transport.ts";
import { type RegistryLimits, registryLimits } from "./limits.ts";

export interface RegistryAccessOptions {
  readonly credentials: FindCredentials;
  readonly hosts: RegistryHostsOptions;
  readonly limits?: RegistryLimits;
  readonly clock?: Clock;
  readonly random?: () => number;
  /** HTTPS_PROXY and its kin. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** All that asking registries needs: credentials, configuration, connections. */
export class RegistryAccess implements Disposable {
  readonly limits: RegistryLimits;
  readonly clock: Clock;
  readonly #options: RegistryAccessOptions;
  readonly #transport: Transport;
  readonly #random: () => number;

  constructor(options: RegistryAccessOptions) {
    this.#options = options;
    this.limits = options.limits ?? registryLimits;
    this.clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    this.#transport = new Transport(this.limits, options.env);
  }

  /** The servers that may be asked for a repository, in their order. */
  async clientsFor(
    { registry, repository }: { readonly registry: string; readonly repository: string },
    signal?: AbortSignal,
    credentials: FindCredentials = this.#options.credentials,
  ): Promise<readonly [RegistryClient, ...RegistryClient[]]> {
    const { endpoints, mayBePlain } = routeTo(registry, this.#options.hosts);
    const own = endpoints.at(-1);
    if (own === undefined) throw new KwasmError("internal", `finding registry "${registry}": it has no server`);
    const settled = mayBePlain ? await this.#settleScheme(own, signal) : own;
    const clients = [...endpoints.slice(0, -1), settled].map(
      (endpoint) =>
        new RegistryClient({
          endpoint,
          repository,
          credentials,
          transport: this.#transport,
          limits: this.limits,
          clock: this.clock,
          random: this.#random,
          ...(signal === undefined ? {} : { signal }),
        }),
    );
    const [first, ...rest] = clients;
    if (first === undefined) throw new KwasmError("internal", `finding registry "${registry}": it has no server`);
    return [first, ...rest];
  }

  /** Docker's rule for registries that need not be safe: HTTPS where it is spoken, else HTTP. A bad certificate is not taken for none. */
  async #settleScheme(endpoint: Endpoint, signal: AbortSignal | undefined): Promise<Endpoint> {
    const { base, tls, registry } = endpoint;
    try {
      const response = await this.#transport.send({
        url: base,
        method: "GET",
        tls,
        ...(signal === undefined ? {} : { signal }),
      });
      response.discard();
      return endpoint;
    } catch (error) {
      signal?.throwIfAborted();
      if (isCertificateError(error)) throw error;
      const plain = new URL(base);
      plain.protocol = "http:";
      // Without a port in the name it is 80 now, as the address has none either.
      return new Endpoint({ registry, base: plain, tls });
    }
  }

  [Symbol.dispose](): void {
    this.#transport[Symbol.dispose]();
  }
}

/** Codes of Node for certificates that OpenSSL does not accept; a server that speaks no TLS gives others. */
function isCertificateError(error: unknown): boolean {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    const code = "code" in cause && typeof cause.code === "string" ? cause.code : "";
    if (/CERT|SELF_SIGNED|UNABLE_TO|ALTNAME/.test(code)) return true;
  }
  return false;
}
