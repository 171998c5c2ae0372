import { writeFileSync } from "node:fs";
import { resolve } from "node:path";

import { KwasmError } from "#base";
import { pushImage } from "#image";

import { defineCommand } from "../frame/command.ts";
import { EXIT_OK } from "../frame/exit-codes.ts";
import { openImageStore } from "./image-store.ts";
import { refuseMore } from "./operands.ts";
import { credentialOptions, openRegistryAccess, registryOptions } from "./registry-access.ts";
import { TransferProgress } from "./transfer-progress.ts";

export const pushCommand = defineCommand({
  name: "push",
  summary: "Send an image of the local store to a registry",
  operands: "IMAGE [DESTINATION]",
  description: `
Sends what the registry does not have of an image, and its name last. DESTINATION is the name there, where IMAGE is not.

  kwasm push hello:v1 ghcr.io/team/hello:v1`,
  options: {
    digestfile: { value: "FILE", summary: "Write the digest of what was pushed into FILE" },
    quiet: { short: "q", summary: "Show no progress" },
    ...credentialOptions,
    ...registryOptions,
  },
  async run({ options, operands, stateDirectory }, io) {
    const [name, destination, ...rest] = operands;
    if (name === undefined) throw new KwasmError("invalid-argument", "IMAGE is missing");
    refuseMore(rest);
    using access = openRegistryAccess(options, io);
    using progress = new TransferProgress(io.stderr);
    const { descriptor, isPartial } = await pushImage({
      name,
      access,
      store: openImageStore(stateDirectory),
      signal: io.interrupted(),
      ...(destination === undefined ? {} : { destination: destination.replace(/^docker:\/\//, "") }),
      ...(options.quiet ? {} : { onTransfer: (event) => progress.show(event) }),
    });
    if (isPartial) io.stderr.write(`Pushed one platform of "${name}": the store does not have the others\n`);
    if (options.digestfile !== undefined) writeFileSync(resolve(io.cwd, options.digestfile), descriptor.digest);
    return EXIT_OK;
  },
});
