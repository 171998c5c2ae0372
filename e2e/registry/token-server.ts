import { createPrivateKey, type KeyObject, randomUUID, sign, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import { makeCertificate, user } from "./registry-server.ts";

const SERVICE = "test-registry";
const ISSUER = "test-issuer";
const TOKEN_SECONDS = 300;

/** Hands out tokens as Docker's token specification says: to read `open/…` for anybody, everything for the user. */
export class TokenServer implements AsyncDisposable {
  readonly #server: Server;
  readonly #key: KeyObject;
  readonly #certificatePath: string;
  /** The scopes of each question. */
  readonly asked: (readonly string[])[] = [];

  static async start(folder: string): Promise<TokenServer> {
    const { certificate, key } = await makeCertificate(folder);
    const server = new TokenServer(certificate, createPrivateKey(readFileSync(key)));
    server.#server.listen(0, "127.0.0.1");
    await once(server.#server, "listening");
    return server;
  }

  private constructor(certificatePath: string, key: KeyObject) {
    this.#certificatePath = certificatePath;
    this.#key = key;
    this.#server = createServer((request, response) => this.#answer(request, response));
  }

  /** What a registry has to be configured with. */
  get settings(): object {
    // A server that listens on TCP has an address of this kind.
    const { port } = this.#server.address() as AddressInfo;
    const realm = `http://127.0.0.1:${port}/token`;
    return { realm, service: SERVICE, issuer: ISSUER, rootcertbundle: this.#certificatePath };
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const query = new URL(request.url ?? "", "http://localhost").searchParams;
    const scopes = query.getAll("scope").flatMap((scope) => scope.split(" "));
    this.asked.push(scopes);
    const basic = `Basic ${Buffer.from(`${user.name}:${user.password}`).toString("base64")}`;
    const { authorization } = request.headers;
    if (authorization !== undefined && authorization !== basic) {
      response.writeHead(401).end();
      return;
    }
    const access = scopes.map((scope) => accessOf(scope, authorization !== undefined));
    response.end(JSON.stringify({ token: this.#sign(access), expires_in: TOKEN_SECONDS }));
  }

  #sign(access: readonly object[]): string {
    const certificate = new X509Certificate(readFileSync(this.#certificatePath)).raw.toString("base64");
    const seconds = Math.floor(Date.now() / 1000);
    const claims = {
      iss: ISSUER,
      sub: user.name,
      aud: SERVICE,
      exp: seconds + TOKEN_SECONDS,
      nbf: seconds - TOKEN_SECONDS,
      iat: seconds,
      jti: randomUUID(),
      access,
    };
    const parts = [{ typ: "JWT", alg: "ES256", x5c: [certificate] }, claims].map(encode).join(".");
    const signature = sign("sha256", Buffer.from(parts), { key: this.#key, dsaEncoding: "ieee-p1363" });
    return `${parts}.${signature.toString("base64url")}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }
}

function accessOf(scope: string, isUser: boolean): object {
  const [type = "", name = "", actions = ""] = scope.split(":");
  const granted = actions.split(",").filter((action) => isUser || (action === "pull" && name.startsWith("open/")));
  return { type, name, actions: granted };
}

function encode(document: object): string {
  return Buffer.from(JSON.stringify(document)).toString("base64url");
}
