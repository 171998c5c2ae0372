import { hash } from "node:crypto";
import { statSync, writeFileSync } from "node:fs";
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
import type { Row } from "./measure/report.ts";
import { quantile } from "./measure/statistics.ts";

/**
 * What `bench/image-start.ts` bundles and starts. Arguments: a folder for what it writes, the registry, and the module whose
 * image is measured. Prints rows as JSON.
 */
const ROUNDS = 10;
const WARM_ROUNDS = 2;

/** `(module (func (export "_start")) (memory (export "memory") 1))`. */
const EMPTY_COMMAND =
  "0061736d01000000010401600000030201000503010001071302065f73746172740000066d656d6f727902000a040102000b";

const formats = ["scratch", "wasm-artifact"] as const;
const [scratch = "", registry = "", hello = ""] = process.argv.slice(2);

using access = new RegistryAccess({ credentials: () => Promise.resolve(undefined), hosts: { directories: [] } });
const guest = join(scratch, "guest.wasm");
const guestDigest = `sha256:${hash("sha256", Buffer.from(EMPTY_COMMAND, "hex"))}`;
writeFileSync(guest, Buffer.from(EMPTY_COMMAND, "hex"));
const built = openStore(join(scratch, "built"));
const rows: Row[] = [];
for (const format of formats) rows.push(await measureSize(format), await measureStart(format));
console.log(JSON.stringify(rows));

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

function p50(samples: readonly number[]): number {
  return quantile(samples.slice(WARM_ROUNDS), 0.5);
}

async function measureStart(format: (typeof formats)[number]): Promise<Row> {
  const name = `${registry}/guest:${format}`;
  await buildImage({ source: guest, name, store: built, format });
  await pushImage({ store: built, name, access });
  const samples = { pull: [] as number[], computed: [] as number[], whole: [] as number[], plain: [] as number[] };
  for (let round = 0; round < ROUNDS + WARM_ROUNDS; round++) {
    const store = openStore(join(scratch, `${format}-${round}`));
    const [startedMs, usage] = [performance.now(), process.cpuUsage()];
    const module = await pull(store, name);
    const pulledMs = performance.now();
    const { user, system } = process.cpuUsage(usage);
    await run(module.path, module.digest);
    const endedMs = performance.now();
    await run(guest, guestDigest);
    samples.pull.push(pulledMs - startedMs);
    samples.computed.push((user + system) / 1_000);
    samples.whole.push(endedMs - startedMs);
    samples.plain.push(performance.now() - endedMs);
  }
  return {
    what: `pull and start, ${format}`,
    figures: {
      "pull p50 ms": p50(samples.pull),
      "of it CPU": p50(samples.computed),
      "pull + run p50 ms": p50(samples.whole),
      "run p50 ms": p50(samples.plain),
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
