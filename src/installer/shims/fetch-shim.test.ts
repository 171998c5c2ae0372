import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createServer, type Server } from "node:http";
import { buffer } from "node:stream/consumers";
import { after, before, suite, test } from "node:test";
import { gzipSync } from "node:zlib";
import { type Header, pack } from "tar-stream";

import { fetchShim, shimLimits, ShimRefused } from "./fetch-shim.ts";

type Entry = readonly [header: Partial<Header> & Pick<Header, "name">, content: string];

async function archiveOf(entries: readonly Entry[]): Promise<Buffer> {
  const archive = pack();
  for (const [header, content] of entries) archive.entry(header, content);
  archive.finalize();
  return gzipSync(await buffer(archive));
}

const good: Entry = [{ name: "./containerd-shim-slow-v1", mode: 0o755 }, "program"];

function refuse(name: string, reason: ShimRefused["reason"], make: () => Promise<unknown>): void {
  test(`is refused: ${name}`, async () => {
    await assert.rejects(make, (thrown) => thrown instanceof ShimRefused && thrown.reason === reason);
  });
}

suite("a shim's archive", () => {
  let served: Buffer = Buffer.alloc(0);
  let server: Server;
  let base = "";
  before(async () => {
    server = createServer((request, response) => {
      if (request.url === "/none") response.writeHead(404).end("not here");
      else response.end(served);
    });
    await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    assert.ok(typeof address === "object" && address !== null);
    base = `http://127.0.0.1:${String(address.port)}`;
  });
  after(() => void server.close());

  function fetchServed(
    path = "/shim.tar.gz",
    sha256 = createHash("sha256").update(served).digest("hex"),
    limits = shimLimits,
  ) {
    return fetchShim({ name: "slow", handler: "slow", url: `${base}${path}`, sha256, options: {} }, limits);
  }

  test("gives its one program, whatever lies beside it", async () => {
    served = await archiveOf([[{ name: "README" }, "x"], good, [{ name: "a/", type: "directory" }, ""]]);
    const { fileName, content } = await fetchServed();
    assert.deepEqual([fileName, content.toString()], ["containerd-shim-slow-v1", "program"]);
  });

  async function fetchEntries(...entries: readonly Entry[]): Promise<unknown> {
    served = await archiveOf(entries);
    return fetchServed();
  }

  refuse("a page that is not there", "ArchiveUnreachable", () => fetchServed("/none"));
  refuse("nobody answers", "ArchiveUnreachable", () =>
    fetchShim({ name: "a", handler: "a", url: "http://127.0.0.1:1/", sha256: "", options: {} }),
  );
  refuse("another digest", "DigestMismatch", async () => {
    served = await archiveOf([good]);
    return fetchServed("/shim.tar.gz", "0".repeat(64));
  });
  refuse("bytes that are no archive, with their digest", "ArchiveRefused", () => {
    served = Buffer.from("<html>");
    return fetchServed();
  });
  refuse("no program", "ArchiveRefused", () => fetchEntries([{ name: "README" }, "x"]));
  refuse("two programs", "ArchiveRefused", () => fetchEntries(good, [{ name: "containerd-shim-b-v1" }, ""]));
  refuse("a way out", "ArchiveRefused", () => fetchEntries([{ name: "../../etc/containerd-shim-a-v1" }, ""]));
  refuse("a whole path", "ArchiveRefused", () => fetchEntries([{ name: "/usr/bin/containerd-shim-a-v1" }, ""]));
  refuse("a link for a program", "ArchiveRefused", () =>
    fetchEntries([{ name: "containerd-shim-a-v1", type: "symlink", linkname: "/bin/sh" }, ""]),
  );
  refuse("more than an archive may have", "ArchiveRefused", async () => {
    served = await archiveOf([good]);
    return fetchServed("/a", undefined, { ...shimLimits, archiveBytesMax: served.byteLength - 1 });
  });
  refuse("a bomb", "ArchiveRefused", async () => {
    served = await archiveOf([[{ name: "zeros" }, "0".repeat(100_000)], good]);
    return fetchServed("/a", undefined, { ...shimLimits, unpackedBytesMax: 100_000 });
  });
  refuse("a program beyond the limit", "ArchiveRefused", async () => {
    served = await archiveOf([good]);
    return fetchServed("/a", undefined, { ...shimLimits, programBytesMax: 6 });
  });
  refuse("too many entries", "ArchiveRefused", async () => {
    served = await archiveOf([[{ name: "a" }, ""], [{ name: "b" }, ""], good]);
    return fetchServed("/a", undefined, { ...shimLimits, entriesMax: 2 });
  });
});
