import { once } from "node:events";
import type { Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import { KwasmError, nodeHttp } from "#base";

/** What is answered at a path, as text; undefined: that it is not well. */
export type Answer = () => Promise<string | undefined> | string | undefined;

/** Far more than a probe or a scrape sends. */
const HEADER_BYTES_MAX = 8_192;
const REQUEST_MS_MAX = 10_000;
const CONNECTIONS_MAX = 100;

export interface Endpoint extends AsyncDisposable {
  readonly port: number;
}

/** Serves texts by their paths at an address of Go's form: `:8080`, `127.0.0.1:8080`, `[::1]:8080`; `0` serves nothing. */
export async function serveTexts(
  address: string,
  answers: Readonly<Record<string, Answer>>,
): Promise<Endpoint | undefined> {
  const where = parseBindAddress(address);
  if (where === undefined) return undefined;
  const server = nodeHttp().createServer(
    { maxHeaderSize: HEADER_BYTES_MAX, requestTimeout: REQUEST_MS_MAX },
    (request, response) => {
      request.resume();
      void respond(answers, request.url ?? "", response);
    },
  );
  server.maxConnections = CONNECTIONS_MAX;
  server.listen(where);
  await once(server, "listening");
  return { port: (server.address() as AddressInfo).port, [Symbol.asyncDispose]: () => close(server) };
}

async function respond(
  answers: Readonly<Record<string, Answer>>,
  url: string,
  response: ServerResponse,
): Promise<void> {
  const { status, text } = await answer(answers, url);
  response.writeHead(status, { "content-type": "text/plain; version=0.0.4; charset=utf-8" }).end(text);
}

async function answer(
  answers: Readonly<Record<string, Answer>>,
  url: string,
): Promise<{ readonly status: number; readonly text: string }> {
  const [path = ""] = url.split("?", 1);
  const make = Object.hasOwn(answers, path) ? answers[path] : undefined;
  if (make === undefined) return { status: 404, text: "404 page not found\n" };
  try {
    const text = await make();
    return text === undefined ? { status: 500, text: "not ready\n" } : { status: 200, text };
  } catch (thrown) {
    return { status: 500, text: `${KwasmError.from(thrown, `answer "${path}"`).message}\n` };
  }
}

async function close(server: Server): Promise<void> {
  server.close();
  server.closeAllConnections();
  await once(server, "close");
}

function parseBindAddress(address: string): { readonly host?: string; readonly port: number } | undefined {
  if (address === "0" || address === "") return undefined;
  const [, host = "", port = ""] = /^(.*):(\d{1,5})$/u.exec(address) ?? [];
  if (port === "" || Number(port) > 65_535) {
    throw new KwasmError("invalid-argument", `listen at "${address}": give HOST:PORT or :PORT`);
  }
  const bare = host.replace(/^\[(.*)\]$/u, "$1");
  return { ...(bare === "" ? {} : { host: bare }), port: Number(port) };
}
