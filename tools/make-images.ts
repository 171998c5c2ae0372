import { resolve } from "node:path";
import { parseArgs } from "node:util";

import { KwasmError } from "#base";
import packageManifest from "../package.json" with { type: "json" };
import { buildImages } from "./images/build-images.ts";
import { pushImage } from "./images/push-image.ts";

const { values } = parseArgs({
  options: {
    output: { type: "string", default: "dist/images" },
    tag: { type: "string", default: packageManifest.version },
    push: { type: "string" },
  },
});

try {
  for (const image of await buildImages(resolve(values.output), values.tag)) {
    const megabytes = (image.bytes / 1e6).toFixed(1);
    console.log(`${image.name}:${values.tag} ${image.digest} (${megabytes} MB compressed)`);
    if (values.push !== undefined) await pushImage(image, `${values.push}/${image.name}:${values.tag}`);
  }
} catch (error) {
  console.error(`error: ${KwasmError.from(error, "build the images").message}`);
  process.exitCode = 1;
}
