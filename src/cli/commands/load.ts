import { createReadStream } from "node:fs";
import { resolve } from "node:path";

import { KwasmError } from "#base";
import { loadImages } from "#image";

import { defineCommand } from "../frame/command.ts";
import { EXIT_OK } from "../frame/exit-codes.ts";
import { openImageStore } from "./image-store.ts";
import { refuseMore } from "./operands.ts";

export const loadCommand = defineCommand({
  name: "load",
  summary: "Bring the images of an archive into the local store",
  operands: "",
  description: `
Reads an archive that docker, podman, skopeo or 'kwasm save' wrote, compressed by gzip or zstd or not, and prints the
names of its images.

  kwasm load -i hello.tar
  docker save hello:v1 | kwasm load`,
  options: {
    input: { short: "i", value: "FILE", summary: "Read FILE, instead of standard input" },
    quiet: { short: "q", summary: "Print no names" },
  },
  async run({ options, operands, stateDirectory }, io) {
    refuseMore(operands);
    // Neither has an encoding set, so both yield bytes.
    const content = (options.input === undefined
      ? io.stdin
      : createReadStream(resolve(io.cwd, options.input))) as unknown as AsyncIterable<Uint8Array>;
    try {
      const images = await loadImages(openImageStore(stateDirectory), content);
      if (!options.quiet) io.stdout.write(images.map(({ name }) => `Loaded image: ${name}\n`).join(""));
    } catch (error) {
      throw KwasmError.from(error, `reading "${options.input ?? "standard input"}"`);
    }
    return EXIT_OK;
  },
});
