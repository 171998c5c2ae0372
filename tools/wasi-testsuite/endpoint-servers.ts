import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import type { Endpoint, EndpointServer, HttpAnswer } from "./specification.ts";

type Headers = Record<string, string | string[]>;

/** Servers that a case has its guest ask, and the variables that say where they are. */
export class EndpointServers implements AsyncDisposable {
  readonly env: Record<string, string> = {};
  readonly #servers: Server[] = [];

  static async start(specifications: readonly EndpointServer[]): Promise<EndpointServers> {
    const servers = new EndpointServers();
    for (const specification of specifications) await servers.#start(specification);
    return servers;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#servers) await close(server);
  }

  async #start({ name, kind = "listening", endpoints = [] }: EndpointServer): Promise<void> {
    const server = createServer((request, response) => void answer(request, response, endpoints));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    this.env[`HTTP_SERVER_${name.toUpperCase()}`] = `127.0.0.1:${port}`;
    if (kind === "closed") await close(server);
    else this.#servers.push(server);
  }
}

async function close(server: Server): Promise<void> {
  server.close();
  server.closeAllConnections();
  await once(server, "close");
}

/** One connection per request, as the suite's own servers have it. */
async function answer(request: IncomingMessage, response: ServerResponse, endpoints: readonly Endpoint[]) {
  const body = await buffer(request);
  response.setHeader("connection", "close");
  const found = endpoints.find(({ method = "GET", path = "/" }) => request.method === method && request.url === path);
  if (found === undefined) reply(response, { status: 404 });
  else if (found.mode === "echo-body") response.end(body);
  else if (found.mode === "echo-headers") reply(response, { headers: echoedHeaders(request) });
  else reply(response, typeof found.response === "object" ? found.response : { body: found.response ?? "" });
}

function echoedHeaders({ method = "", url = "", headersDistinct, trailers }: IncomingMessage): Headers {
  const headers: Record<string, string | string[]> = { "x-request-method": method, "x-request-path": url };
  for (const [name, values = []] of Object.entries(headersDistinct)) headers[`x-echo-${name}`] = values;
  for (const [name, value = ""] of Object.entries(trailers)) headers[`x-trailer-${name}`] = value;
  return headers;
}

function reply(
  response: ServerResponse,
  {
    status = 200,
    headers = {},
    body = "",
    chunks,
    trailers = {},
  }: Omit<HttpAnswer, "headers"> & {
    readonly headers?: Headers;
  },
): void {
  if (Object.keys(trailers).length > 0) response.setHeader("trailer", Object.keys(trailers));
  response.writeHead(status, headers);
  for (const chunk of chunks ?? []) response.write(chunk);
  response.addTrailers(trailers);
  response.end(body);
}
