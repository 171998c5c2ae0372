import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempDisposableSync, readFileSync, rmSync, watch } from "node:fs";
import { createServer, type Http2Server, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { silentLog } from "#base";
import { VersionResponse } from "#proto";

import { ANSWER_BYTES_MAX } from "./containerd-version.ts";
import { answerFor, StartAnswer } from "./start-answer.ts";

/** containerd's gRPC socket, as far as it says its version. */
class Containerd implements AsyncDisposable {
  readonly #server: Http2Server = createServer();
  readonly #sessions: ServerHttp2Session[] = [];

  static async start(address: string, message: Uint8Array): Promise<Containerd> {
    const containerd = new Containerd();
    containerd.#server.on("session", (session: ServerHttp2Session) => containerd.#sessions.push(session));
    containerd.#server.on("stream", (stream: ServerHttp2Stream, headers) => {
      assert.equal(headers[":path"], "/containerd.services.version.v1.Version/Version");
      const prefix = Buffer.alloc(5);
      prefix.writeUInt32BE(message.byteLength, 1);
      stream.respond({ "content-type": "application/grpc" }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      // Whoever finds the answer too long hangs up.
      stream.on("error", () => stream.destroy());
      stream.end(Buffer.concat([prefix, message]));
    });
    containerd.#server.listen(address);
    await once(containerd.#server, "listening");
    return containerd;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const session of this.#sessions) session.destroy();
    await new Promise<void>((resolve) => void this.#server.close(() => resolve()));
  }
}

class Place implements Disposable {
  readonly #root = mkdtempDisposableSync(join(tmpdir(), "kwasm-answer-"));
  readonly containerd = join(this.#root.path, "c.sock");
  readonly directory = `${this.containerd}.kwasm`;
  readonly file = join(this.directory, "answer");

  constructor() {
    mkdirSync(this.directory);
  }

  start(): Promise<StartAnswer> {
    return StartAnswer.start({ directory: this.directory, containerd: this.containerd, log: silentLog });
  }

  /** Resolves when the file is there, or is not any more. */
  async whenFile(isThere: boolean): Promise<void> {
    const changes = watch(this.directory);
    try {
      while (existsSync(this.file) !== isThere) await once(changes, "change");
    } finally {
      changes.close();
    }
  }

  [Symbol.dispose](): void {
    this.#root.remove();
  }
}

function checkVersion(version: string, isVersion3: boolean): void {
  const json = '{"version":3,"address":"unix:///run/c.sock.kwasm/shim.sock","protocol":"ttrpc"}';
  assert.equal(answerFor(version, "/run/c.sock.kwasm/shim.sock"), isVersion3 ? json : undefined, version);
}

test("containerd 2 gets an answer of version 3, all others and all that is no version the address", () => {
  for (const version of ["v2.0.0", "2.1.9~ds1", "v2.4.0-beta.1", "v10.0.0"]) checkVersion(version, true);
  for (const version of ["1.6.20~ds1", "v1.7.34", "", "unknown", "v2", "k3s"]) checkVersion(version, false);
});

test("the answer is there while the containerd that understands it is", async () => {
  using place = new Place();
  const second = VersionResponse.encode({ version: "v2.1.9" });
  const containerd = await Containerd.start(place.containerd, second);
  using answer = await place.start();
  assert.equal(readFileSync(place.file, "utf8"), `${answerFor("v2.1.9", join(place.directory, "shim.sock")) ?? ""}\n`);
  await containerd[Symbol.asyncDispose]();
  await place.whenFile(false);
  rmSync(place.containerd, { force: true });
  await using again = await Containerd.start(place.containerd, second);
  await place.whenFile(true);
  answer[Symbol.dispose]();
  assert.ok(!existsSync(place.file));
  await again[Symbol.asyncDispose]();
});

test("without a containerd, or with an old one, there is no answer, nor that of one before", async () => {
  using place = new Place();
  {
    using answer = await place.start();
    assert.ok(!existsSync(place.file));
    answer[Symbol.dispose]();
  }
  await using containerd = await Containerd.start(place.containerd, VersionResponse.encode({ version: "1.7.34" }));
  using answer = await place.start();
  assert.ok(!existsSync(place.file));
  answer[Symbol.dispose]();
  await containerd[Symbol.asyncDispose]();
});

const overheadBytes = 5 + VersionResponse.encode({ version: "v2.0.0", revision: "x".repeat(4_000) }).byteLength - 4_000;
for (const [what, bytes, isThere] of [
  ["as long as allowed is read", ANSWER_BYTES_MAX, true],
  ["one byte longer is none", ANSWER_BYTES_MAX + 1, false],
] as const) {
  test(`an answer ${what}`, async () => {
    using place = new Place();
    const message = VersionResponse.encode({ version: "v2.0.0", revision: "x".repeat(bytes - overheadBytes) });
    await using containerd = await Containerd.start(place.containerd, message);
    using answer = await place.start();
    assert.equal(existsSync(place.file), isThere);
    answer[Symbol.dispose]();
    await containerd[Symbol.asyncDispose]();
  });
}
