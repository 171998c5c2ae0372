import { KwasmError } from "#base";
import type { RegistryLimits } from "../limits.ts";
import { describeUrl, statusFailure } from "../http/failures.ts";
import { type HttpRequest, readWhole, type TlsSettings, type Transport } from "../http/transport.ts";
import { type Challenge, parseChallenges } from "./challenge.ts";
import { basicHeader, type Credentials } from "./credentials.ts";

/** What is sent to token servers as the name of the client. */
const CLIENT_ID = "kwasm";

export interface AuthorizerOptions {
  readonly transport: Transport;
  readonly limits: RegistryLimits;
  /** Asked once, when the registry first refuses. */
  readonly credentials: () => Promise<Credentials | undefined>;
  readonly tls: TlsSettings;
  /** Whether the registry itself is asked over plain HTTP, as its token server then may be. */
  readonly isPlain: boolean;
  readonly nowMs: () => number;
  readonly signal?: AbortSignal;
}

/** Answers a registry's challenges: anonymously, by user and password, or by tokens for scopes; Docker's token specification. */
export class Authorizer {
  readonly #options: AuthorizerOptions;
  readonly #headers = new Map<string, string>();
  readonly #asking = new Map<string, Promise<boolean>>();

  constructor(options: AuthorizerOptions) {
    this.#options = options;
  }

  /** The header that answered the last challenge for these scopes. */
  headerFor(scopes: readonly string[]): string | undefined {
    return this.#headers.get(scopes.join(" "));
  }

  /** Whether there is another header now than the one that was refused; many who are refused at once ask once. */
  async answer(challenge: string, scopes: readonly string[], refused: string | undefined): Promise<boolean> {
    const key = scopes.join(" ");
    if (this.#headers.get(key) !== refused) return true;
    const asking = this.#asking.get(key) ?? this.#answer(challenge, scopes).finally(() => this.#asking.delete(key));
    this.#asking.set(key, asking);
    return asking;
  }

  async #answer(text: string, scopes: readonly string[]): Promise<boolean> {
    const challenges = parseChallenges(text);
    const credentials = await this.#options.credentials();
    const header = await this.#headerOf(challenges, scopes, credentials);
    const key = scopes.join(" ");
    if (header === undefined || header === this.#headers.get(key)) return false;
    this.#headers.set(key, header);
    return true;
  }

  async #headerOf(
    challenges: readonly Challenge[],
    scopes: readonly string[],
    credentials: Credentials | undefined,
  ): Promise<string | undefined> {
    const bearer = challenges.find(({ scheme }) => scheme === "bearer");
    if (bearer !== undefined) return `Bearer ${await this.#fetchToken(bearer, scopes, credentials)}`;
    const isBasic = challenges.some(({ scheme }) => scheme === "basic");
    return isBasic && credentials?.kind === "password"
      ? basicHeader(credentials.username, credentials.password)
      : undefined;
  }

  async #fetchToken(
    { parameters }: Challenge,
    scopes: readonly string[],
    credentials: Credentials | undefined,
  ): Promise<string> {
    const { transport, tls, limits, nowMs, signal } = this.#options;
    const realm = this.#realmOf(parameters.get("realm") ?? "");
    const service = parameters.get("service");
    const request = credentials?.kind === "identity-token" ? refreshRequest : getRequest;
    const asked = request({ realm, service, scopes, credentials });
    const response = await transport.send({ ...asked, tls, ...(signal === undefined ? {} : { signal }) });
    if (response.status !== 200) {
      response.discard();
      throw statusFailure(response, realm, "", nowMs());
    }
    return readToken(await readWhole(response, limits.tokenBytesMax, "a registry's token"));
  }

  /** A registry must not choose that a password goes over the network in clear. */
  #realmOf(text: string): URL {
    const url = URL.parse(text);
    if (url === null || !["http:", "https:"].includes(url.protocol)) {
      throw new KwasmError("corrupt", "logging in to a registry: it names no address of a token server");
    }
    if (url.protocol === "https:" || this.#options.isPlain) return url;
    throw new KwasmError(
      "permission-denied",
      `asking "${describeUrl(url)}" for a token: it is plain HTTP where the registry is not, and would get the password in clear`,
    );
  }
}

interface TokenQuestion {
  readonly realm: URL;
  readonly service: string | undefined;
  readonly scopes: readonly string[];
  readonly credentials: Credentials | undefined;
}

function getRequest({ realm, service, scopes, credentials }: TokenQuestion): HttpRequest {
  const url = new URL(realm);
  if (service !== undefined) url.searchParams.set("service", service);
  for (const scope of scopes) url.searchParams.append("scope", scope);
  if (credentials?.kind !== "password") return { url, method: "GET" };
  url.searchParams.set("account", credentials.username);
  return { url, method: "GET", headers: { authorization: basicHeader(credentials.username, credentials.password) } };
}

/** OAuth 2.0's refresh, which token servers that gave an identity token speak. */
function refreshRequest({ realm, service, scopes, credentials }: TokenQuestion): HttpRequest {
  const form = new URLSearchParams({
    grant_type: "refresh_token",
    service: service ?? "",
    client_id: CLIENT_ID,
    scope: scopes.join(" "),
    refresh_token: credentials?.kind === "identity-token" ? credentials.token : "",
  });
  const body = Buffer.from(form.toString());
  const headers = { "content-type": "application/x-www-form-urlencoded", "content-length": `${body.length}` };
  return { url: realm, method: "POST", headers, body: [body] };
}

/** `token`, or OAuth's `access_token`; printable, since it becomes a header. */
function readToken(bytes: Uint8Array): string {
  const document = readJson(bytes);
  const fields: { token?: unknown; access_token?: unknown } =
    typeof document === "object" && document !== null ? document : {};
  const token = fields.token ?? fields.access_token;
  if (typeof token === "string" && /^[\x21-\x7e]+$/.test(token)) return token;
  throw new KwasmError("corrupt", "logging in to a registry: its token server's answer has no token");
}

function readJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString());
  } catch {
    // The parser's message would quote what may be a token.
    throw new KwasmError("corrupt", "logging in to a registry: its token server's answer is no JSON");
  }
}
