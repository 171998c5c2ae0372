import type { TlsSettings } from "../http/transport.ts";

export type Capability = "pull" | "resolve" | "push";

/** A server that is asked for a registry's images: the registry itself or a mirror of it. */
export class Endpoint {
  /** The name under which credentials for it are kept: host and port. */
  readonly registry: string;
  /** `https://registry.example/v2/`. */
  readonly base: URL;
  readonly tls: TlsSettings;
  readonly capabilities: ReadonlySet<Capability>;
  /** Of a mirror: the registry whose images are meant, as containerd tells it. */
  readonly mirrored: string | undefined;

  constructor(options: {
    readonly registry: string;
    readonly base: URL;
    readonly tls?: TlsSettings;
    readonly capabilities?: readonly Capability[];
    readonly mirrored?: string;
  }) {
    this.registry = options.registry;
    this.base = options.base;
    this.tls = options.tls ?? {};
    this.capabilities = new Set(options.capabilities ?? ["pull", "resolve", "push"]);
    this.mirrored = options.mirrored;
  }

  resolve(path: string): URL {
    const url = new URL(path, this.base);
    if (this.mirrored !== undefined) url.searchParams.set("ns", this.mirrored);
    return url;
  }
}
