import { type IncomingMessage, request as requestHttp } from "node:http";
import { text } from "node:stream/consumers";
import { fillPlaces, type ExpectedHeader, type Invocation } from "./test-manifest.ts";

/** Sends one request and answers with what is wrong with what came; nothing where all is as expected. */
export async function invoke(
  url: string,
  { request, response: expected }: Invocation,
  ports: ReadonlyMap<string, string>,
): Promise<readonly string[]> {
  const portOf = (key: string, name: string) => (key === "port" ? ports.get(name) : undefined);
  const headers = (request.headers ?? []).flatMap(({ name, value }) => [name, fillPlaces(value, portOf)]);
  const { host } = new URL(url);
  const hasHost = headers.some((name, index) => index % 2 === 0 && name.toLowerCase() === "host");
  const sent = requestHttp(new URL(request.path ?? "/", url), {
    method: request.method ?? "GET",
    headers: [...(hasHost ? [] : ["Host", host]), "Connection", "close", ...headers],
  });
  sent.end(request.body);
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    sent.once("response", resolve);
    sent.once("error", reject);
  });
  const body = await text(response);
  const problems: string[] = [];
  const status = expected.status ?? 200;
  if (response.statusCode !== status) problems.push(`status ${String(response.statusCode)} instead of ${status}`);
  if (body !== (expected.body ?? "")) problems.push(`body ${JSON.stringify(body)}`);
  // A length that is the body's own is right: one test names that of a body which it had once.
  const isOwnLength = response.headers["content-length"] === String(Buffer.byteLength(body));
  const wanted = expected.headers?.filter(({ name }) => !isOwnLength || name.toLowerCase() !== "content-length");
  if (isOwnLength) delete response.headers["content-length"];
  return [...problems, ...differences(response, wanted ?? [])];
}

/** Fields of the connection to the client are between that and the server. */
const ofConnection: ReadonlySet<string> = new Set(["connection", "keep-alive"]);

function differences(response: IncomingMessage, expected: readonly ExpectedHeader[]): readonly string[] {
  const actual = new Map(Object.entries(response.headers).map(([name, value]) => [name, String(value)]));
  const problems: string[] = [];
  for (const { name, value, optional = false } of expected) {
    const found = actual.get(name.toLowerCase());
    actual.delete(name.toLowerCase());
    if (found === undefined && !optional) problems.push(`no header "${name}"`);
    const isOther = found !== undefined && value !== undefined && found.toLowerCase() !== value.toLowerCase();
    if (isOther) problems.push(`header "${name}" is "${found}" instead of "${value}"`);
  }
  for (const name of actual.keys()) {
    if (!ofConnection.has(name)) problems.push(`header "${name}" is not expected`);
  }
  return problems;
}
