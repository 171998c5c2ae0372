/**
 * A process of its own that builds an image, for the tests that kill it. Says `blob N` after each blob that it wrote, and goes on
 * when it reads a line. Arguments: the store's folder, the source, the name.
 */
import { once } from "node:events";

import { BlobIngest, type WrittenBlob } from "../../store/ingest.ts";
import { openStore } from "../../store/store.ts";
import { buildImage } from "../build.ts";

class SteppingIngest extends BlobIngest {
  override async write(content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<WrittenBlob> {
    const written = await super.write(content);
    process.stdout.write(`blob ${this.written.size}\n`);
    await once(process.stdin, "data");
    return written;
  }
}

const [directory = "", source = "", name = ""] = process.argv.slice(2);
const store = openStore(directory);
store.ingest = () => new SteppingIngest(store.layout.directory, store.layout.limits);
await buildImage({ source, name, store });
process.exit();
