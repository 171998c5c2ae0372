/**
 * A process of its own that puts images into a store, for the tests that kill it. Arguments: the store's folder, a
 * prefix for names, how many images. It prints a line when it starts an image's blobs and one when the image is there.
 */
import { openStore } from "../store/store.ts";
import { emptyModule, makeLayer, putTestImage } from "./make-image.ts";

const [directory = "", prefix = "", count = "0"] = process.argv.slice(2);
const store = openStore(directory);
for (let at = 0; at < Number(count); at++) {
  const layer = await makeLayer([
    { name: "app.wasm", content: emptyModule },
    { name: "data", content: `${prefix}${at}`.repeat(20_000) },
  ]);
  process.stdout.write(`writing ${at}\n`);
  await putTestImage(store, { name: `${prefix}${at % 3}`, layers: [layer], run: { Cmd: [`${at}`] } });
  process.stdout.write(`put ${at}\n`);
}
