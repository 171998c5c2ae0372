import { createWriteStream } from "node:fs";
import { resolve } from "node:path";
import { pipeline } from "node:stream/promises";

import { KwasmError } from "#base";
import { saveImages } from "#image";

import { defineCommand } from "../frame/command.ts";
import { EXIT_OK } from "../frame/exit-codes.ts";
import { openImageStore } from "./image-store.ts";
import { requireSome } from "./operands.ts";

export const saveCommand = defineCommand({
  name: "save",
  summary: "Write images of the local store into an archive",
  operands: "IMAGE…",
  description: `
Writes images into one archive, an OCI image layout with docker's manifest.json beside it: docker, podman, containerd
and skopeo read it.

  kwasm save -o hello.tar hello:v1
  kwasm save hello:v1 | ssh node ctr --namespace k8s.io images import -`,
  options: { output: { short: "o", value: "FILE", summary: "Write to FILE, instead of standard output" } },
  async run({ options, operands, stateDirectory }, io) {
    requireSome(operands, "IMAGE");
    if (options.output === undefined && io.stdout.isTTY === true) {
      throw new KwasmError("invalid-argument", "an archive is nothing for a terminal: give -o FILE");
    }
    const content = await saveImages(openImageStore(stateDirectory), operands);
    const path = options.output === undefined ? undefined : resolve(io.cwd, options.output);
    try {
      if (path === undefined) await pipeline(content, io.stdout, { end: false });
      else await pipeline(content, createWriteStream(path));
    } catch (error) {
      throw KwasmError.from(error, `writing "${path ?? "standard output"}"`);
    }
    return EXIT_OK;
  },
});
