import { once } from "node:events";
import type { ClientHttp2Session, ClientHttp2Stream } from "node:http2";
import { connect } from "node:net";

import { KwasmError, nodeHttp2 } from "#base";
import { VersionResponse } from "#proto";

/** An answer has a version and a commit's digest, in less than a hundred bytes. */
export const ANSWER_BYTES_MAX = 4_096;

/** A gRPC message is preceded by whether it is compressed and by its length; PROTOCOL-HTTP2.md of grpc. */
const PREFIX_BYTES = 5;

const headers = {
  ":method": "POST",
  ":path": "/containerd.services.version.v1.Version/Version",
  "content-type": "application/grpc",
  te: "trailers",
};

/** Connects to containerd's gRPC socket; the session ends with containerd, and holds no process up. */
export async function connectToContainerd(address: string): Promise<ClientHttp2Session> {
  const session = nodeHttp2().connect("http://localhost", { createConnection: () => connect(address) });
  await once(session, "connect");
  // What breaks the connection ends the session, and that is told by "close".
  session.on("error", () => session.destroy());
  session.unref();
  return session;
}

/** containerd's own word for its version, such as `1.6.20~ds1` or `v2.1.9`. */
export async function askVersion(session: ClientHttp2Session): Promise<string> {
  const stream = session.request(headers);
  // Its errors are those of the loop that reads it, and it may have failed before.
  stream.on("error", () => stream.destroy());
  // An empty request: not compressed, no bytes.
  stream.end(Buffer.alloc(PREFIX_BYTES));
  const answer = await readAnswer(stream);
  if (answer.byteLength < PREFIX_BYTES) {
    throw new KwasmError("unsupported", "ask containerd for its version: it answered without a message");
  }
  return VersionResponse.decode(answer.subarray(PREFIX_BYTES)).version;
}

async function readAnswer(stream: ClientHttp2Stream): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    // A stream without an encoding gives buffers.
    chunks.push(chunk as Buffer);
    bytes += (chunk as Buffer).byteLength;
    if (bytes > ANSWER_BYTES_MAX) {
      throw new KwasmError(
        "limit-exceeded",
        `ask containerd for its version: it answered more than ${String(ANSWER_BYTES_MAX)} bytes`,
      );
    }
  }
  return Buffer.concat(chunks);
}
