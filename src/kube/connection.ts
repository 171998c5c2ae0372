import type { SecureContextOptions } from "node:tls";

/** How an API server is reached, and who asks. */
export interface KubeConnection {
  readonly server: URL;
  readonly tls: TlsOptions;
  /** The namespace of the context or of the service account. */
  readonly namespace: string;
  /** Headers that say who asks; asked for at every request, since tokens change. `isRefused` tells that the last were. */
  headers(isRefused?: boolean): Promise<Readonly<Record<string, string>>>;
}

export interface TlsOptions extends Pick<SecureContextOptions, "ca" | "cert" | "key"> {
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}
