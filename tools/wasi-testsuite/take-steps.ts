import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { connect, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import type { Step } from "./specification.ts";

/** What steps are taken with. */
export interface RunningCase {
  /** The first line that the guest prints, once it has. */
  readonly firstLine: () => Promise<string>;
  /** Where a guest that is served answers. */
  readonly port: number | undefined;
  readonly end: () => void;
}

/** Takes the steps of a case in turn, and answers what is wrong. */
export async function takeSteps(steps: readonly Step[], running: RunningCase): Promise<readonly string[]> {
  const sockets = new Map<string, Socket>();
  const problems: string[] = [];
  try {
    for (const step of steps) problems.push(...(await take(step, { ...running, sockets })));
  } finally {
    for (const socket of sockets.values()) socket.destroy();
  }
  return problems;
}

async function take(
  step: Step,
  { firstLine, port, end, sockets }: RunningCase & { readonly sockets: Map<string, Socket> },
): Promise<readonly string[]> {
  const { type, id = "server", payload = "" } = step;
  switch (type) {
    case "connect":
      sockets.set(id, await connectTo(await firstLine()));
      return [];
    case "send":
      sockets.get(id)?.write(payload);
      return [];
    case "recv":
      return expect("received", payload, await receive(sockets.get(id), payload.length));
    case "request":
      return ask(step, port);
    default:
      end();
      return [];
  }
}

async function connectTo(line: string): Promise<Socket> {
  const [host = "", port] = line.trim().split(":");
  const socket = connect({ host, port: Number(port) });
  await once(socket, "connect");
  return socket;
}

async function receive(socket: Socket | undefined, length: number): Promise<string> {
  let received = "";
  if (socket === undefined) return received;
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    received += String(chunk);
    if (received.length >= length) break;
  }
  return received;
}

async function ask({ method = "GET", path = "/", headers, body, response: wanted = {} }: Step, port = 0) {
  const sent = request({ host: "127.0.0.1", port, method, path, headers, agent: false });
  sent.end(body);
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  const got = await text(response);
  return [
    ...expect("status", wanted.status ?? 200, response.statusCode),
    ...expect("body", wanted.body ?? "", got),
    ...Object.entries(wanted.headers ?? {}).flatMap(([name, value]) => expect(name, value, response.headers[name])),
  ];
}

function expect(what: string, wanted: unknown, got: unknown): readonly string[] {
  return wanted === got ? [] : [`${what} ${JSON.stringify(got)} instead of ${JSON.stringify(wanted)}`];
}
