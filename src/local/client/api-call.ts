import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { errorCodes, KwasmError, nodeHttp, systemErrorCode } from "#base";
import { API_PREFIX } from "../daemon/api.ts";
import { socketAddress } from "../daemon/socket-address.ts";

/** Bytes of one answer; the largest is a list of everything. */
const ANSWER_BYTES_MAX = 256 * 1_048_576;

export interface ApiCall {
  readonly socketPath: string;
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

/** Makes one call and returns its JSON. An error of control is thrown as the KwasmError that it was there. */
export async function callApi(call: ApiCall): Promise<unknown> {
  const response = await send(call);
  return JSON.parse(await readText(response));
}

/** Yields each line of a streamed answer as JSON; returns when the other side ends or the caller aborts. */
export async function* streamApi(call: ApiCall): AsyncGenerator {
  const response = await send(call);
  response.setEncoding("utf8");
  let held = "";
  try {
    for await (const chunk of response) {
      // With an encoding set, a response yields strings.
      const lines = `${held}${chunk as string}`.split("\n");
      held = lines.pop() ?? "";
      for (const line of lines) yield JSON.parse(line);
    }
  } catch (error) {
    if (!endsOfStream.has(systemErrorCode(error) ?? "")) throw error;
  } finally {
    response.destroy();
  }
}

/** How a stream's end looks when control ends, or the caller aborts. */
const endsOfStream: ReadonlySet<string> = new Set(["ECONNRESET", "ABORT_ERR"]);

async function send(call: ApiCall): Promise<IncomingMessage> {
  const { method, path, parameters = {}, body, signal } = call;
  const search = new URLSearchParams(parameters).toString();
  using address = socketAddress(call.socketPath);
  const outgoing = nodeHttp().request({
    socketPath: address.path,
    method,
    path: `${API_PREFIX}${path}${search === "" ? "" : `?${search}`}`,
    agent: false,
    headers: { "content-type": "application/json" },
    ...(signal === undefined ? {} : { signal }),
  });
  outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  const [response] = (await once(outgoing, "response")) as [IncomingMessage];
  // From here on a broken connection shows as the end of the body; without a listener it would end this process.
  outgoing.on("error", () => undefined);
  if (response.statusCode !== 200) throw errorOf(await readText(response));
  return response;
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response) {
    // Without an encoding set, a response yields buffers.
    const part = chunk as Buffer;
    bytes += part.length;
    if (bytes > ANSWER_BYTES_MAX) {
      throw new KwasmError(
        "limit-exceeded",
        `read an answer of control: it has more than "${ANSWER_BYTES_MAX}" bytes; ask for less`,
      );
    }
    chunks.push(part);
  }
  return Buffer.concat(chunks).toString();
}

function errorOf(text: string): KwasmError {
  // The other end is a control process, whose errors have this form; anything else falls to `internal`.
  const { error } = JSON.parse(text) as { readonly error?: { readonly code?: string; readonly message?: string } };
  const code = errorCodes.find((known) => known === error?.code) ?? "internal";
  return new KwasmError(code, error?.message ?? "control answered with an error that it does not explain");
}
