import { hash } from "node:crypto";
import { mkdtempDisposableSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import {
  buildImage,
  type ImageStore,
  listImages,
  openStore,
  pullImage,
  pushImage,
  readContent,
  RegistryAccess,
  resolveEntry,
} from "#image";
import { runOnce } from "#node";
import { RegistryServer } from "../e2e/registry/registry-server.ts";
import { printReport, type Row } from "./measure/report.ts";
import { quantile } from "./measure/statistics.ts";

/**
 * What an image costs on the way to its guest: the size of the quickstart's, and the time from a name in a registry of this
 * machine to the guest's end, beside the same guest run from its file. Both in turns, in one process.
 */
const ROUNDS = 10;
const WARM_ROUNDS = 2;

/** `(module (func (export "_start")) (memory (export "memory") 1))`. */
const EMPTY_COMMAND =
  "0061736d01000000010401600000030201000503010001071302065f73746172740000066d656d6f727902000a040102000b";

const hello = join(import.meta.dirname, "../examples/quickstart/hello/hello.wasm");
const formats = ["scratch", "wasm-artifact"] as const;

using scratch = mkdtempDisposableSync(join(tmpdir(), "kwasm-bench-"));
using access = new RegistryAccess({ credentials: () => Promise.resolve(undefined), hosts: { directories: [] } });
await using registry = await RegistryServer.start();

const guest = join(scratch.path, "guest.wasm");
const guestDigest = `sha256:${hash("sha256", Buffer.from(EMPTY_COMMAND, "hex"))}`;
writeFileSync(guest, Buffer.from(EMPTY_COMMAND, "hex"));
const built = openStore(join(scratch.path, "built"));
const rows: Row[] = [];
for (const format of formats) rows.push(await measureSize(format), await measureStart(format));
printReport({
  bench: "image-start",
  notes: [
    "kB: all blobs of the quickstart's image (goal 100), beside its module",
    `ms: pull and unpack (goal 100 with the start of a guest), then run to its end in a new cell; run from a file; ${ROUNDS} rounds`,
    "cells are started from the sources here, of which Node strips the types first",
  ],
  rows,
});

async function measureSize(format: (typeof formats)[number]): Promise<Row> {
  const name = `hello:${format}`;
  await buildImage({ source: hello, name, store: built, format });
  const row = listImages(built).find(({ tag }) => tag === format);
  const moduleBytes = statSync(hello).size;
  const imageBytes = row?.sizeBytes ?? Number.NaN;
  return {
    what: `size, ${format}`,
    figures: {
      "image kB": imageBytes / 1000,
      "module kB": moduleBytes / 1000,
      "image / module": imageBytes / moduleBytes,
    },
  };
}

async function measureStart(format: (typeof formats)[number]): Promise<Row> {
  const name = `${registry.host}/guest:${format}`;
  await buildImage({ source: guest, name, store: built, format });
  await pushImage({ store: built, name, access });
  const samples = { pull: [] as number[], whole: [] as number[], plain: [] as number[] };
  for (let round = 0; round < ROUNDS + WARM_ROUNDS; round++) {
    const store = openStore(join(scratch.path, `${format}-${round}`));
    const startedMs = performance.now();
    const module = await pull(store, name);
    const pulledMs = performance.now();
    await run(module.path, module.digest);
    const endedMs = performance.now();
    await run(guest, guestDigest);
    samples.pull.push(pulledMs - startedMs);
    samples.whole.push(endedMs - startedMs);
    samples.plain.push(performance.now() - endedMs);
  }
  const [pulled, whole, plain] = [samples.pull, samples.whole, samples.plain].map((all) => all.slice(WARM_ROUNDS));
  return {
    what: `pull and start, ${format}`,
    figures: {
      "pull p50 ms": quantile(pulled ?? [], 0.5),
      "pull + run p50 ms": quantile(whole ?? [], 0.5),
      "run p50 ms": quantile(plain ?? [], 0.5),
    },
  };
}

async function pull(store: ImageStore, name: string): Promise<{ readonly path: string; readonly digest: string }> {
  await pullImage({ store, name, access });
  const content = await readContent({ kind: "store", store, name }, join(store.layout.directory, "unpacked"));
  if (content.kind === "spin") throw new Error("it is no image of a module");
  return (await resolveEntry(content)).module;
}

async function run(path: string, digest: string): Promise<void> {
  const running = await runOnce({
    module: { path, digest },
    args: ["guest"],
    env: [],
    mounts: [],
    listeners: [],
    network: { outbound: [], binds: [] },
    memoryBytesMax: 16 * 2 ** 20,
    onListening: () => undefined,
  });
  const { code, message } = await running.ended;
  if (code !== 0) throw new Error(`the guest exited with ${code}: ${message}`);
}
